import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAptHistory, parseDpkgLog, parseJournal, parseSession } from "./who-changed.ts";

const entry = (at: number, identifier: string, message: string, pid = "1") =>
  JSON.stringify({
    __REALTIME_TIMESTAMP: String(at * 1000),
    SYSLOG_IDENTIFIER: identifier,
    MESSAGE: message,
    _PID: pid,
  });

test("the journal tells of sudo, su, cron and sign-ins that were not over", () => {
  const lines = [
    entry(
      1000,
      "sudo",
      "    anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/nano /etc/motd",
    ),
    entry(2000, "sudo", "pam_unix(sudo:session): session opened for user root(uid=0) by anna(uid=1000)"),
    entry(3000, "CRON", "(root) CMD (/usr/local/bin/backup --all)"),
    entry(4000, "sshd", "Accepted publickey for root from 10.0.0.1 port 5000 ssh2: ED25519 SHA256:x", "7"),
    entry(4500, "sshd", "pam_unix(sshd:session): session closed for user root", "7"),
    entry(5000, "sshd", "Accepted password for ben from 10.0.0.2 port 5000 ssh2", "8"),
    entry(5500, "su", "(to root) ben on pts/1"),
    entry(5600, "useradd", "new user: name=eve, UID=1001"),
    entry(9000, "sshd", "pam_unix(sshd:session): session closed for user ben", "8"),
    "not json",
    "",
  ];
  assert.deepEqual(parseJournal(lines.join("\n"), 6000), [
    { at: 1000, text: "sudo by anna: /usr/bin/nano /etc/motd" },
    { at: 3000, text: "cron job of root: /usr/local/bin/backup --all" },
    { at: 5000, text: "SSH sign-in of ben from 10.0.0.2 (password)" },
    { at: 5500, text: "su by ben to root" },
    { at: 5600, text: "useradd: new user: name=eve, UID=1001" },
  ]);
});

test("logind tells who is signed in", () => {
  const text =
    "UID=1000\nUSER=anna\nACTIVE=1\nREMOTE=1\nTYPE=tty\nCLASS=user\nREMOTE_HOST=10.0.0.9\nSERVICE=sshd\nREALTIME=5000000\n";
  assert.deepEqual(parseSession(text), {
    at: 5000,
    text: "anna was signed in over SSH from 10.0.0.9",
    lasts: true,
  });
  assert.equal(parseSession("UID=1\nUSER=x\nCLASS=manager\n"), undefined);
});

test("dpkg and apt tell of packages, with who asked", () => {
  assert.deepEqual(
    parseDpkgLog(
      "2026-11-23 06:20:11 startup archives remove\n2026-11-23 06:20:12 remove bc:amd64 1.07 <none>\n",
    ).map(({ text }) => text),
    ["dpkg: remove bc:amd64"],
  );
  const history = `
Start-Date: 2026-11-23  06:20:10
Commandline: apt-get remove -y bc
Requested-By: anna (1000)
Remove: bc:amd64 (1.07.1-3+b1)
End-Date: 2026-11-23  06:20:12

Start-Date: 2026-11-23  05:00:00
Commandline: apt-get install -o DPkg::Lock::Timeout=600 -- bc
End-Date: 2026-11-23  05:01:00
`;
  const at = (time: string) => parseAptHistory(history, Date.parse(time)).map(({ text }) => text);
  assert.deepEqual(at("2026-11-23T06:20:11"), ["apt by anna (1000): apt-get remove -y bc"]);
  assert.deepEqual(at("2026-11-23T05:00:40"), ["apt by Havn"]);
  assert.deepEqual(at("2026-11-23T08:00:00"), []);
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { type SshTarget, sshArguments } from "./ssh.ts";

/** What ssh itself makes of the arguments. */
function understood(target: SshTarget): Map<string, string> {
  const args = sshArguments(target, { keyFile: "/data/ssh/id", known: "/data/ssh/known" });
  const told = execFileSync("ssh", ["-G", ...args], { encoding: "utf8" });
  return new Map(
    told.split("\n").map((line) => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]),
  );
}

const foreign: SshTarget = { address: "192.0.2.7", port: 2222, user: "ops", foreign: true };

test("a host that Havn did not make: the user's files count, and a key seen first is kept", () => {
  const settings = understood(foreign);
  assert.equal(settings.get("port"), "2222");
  assert.equal(settings.get("user"), "ops");
  assert.equal(settings.get("stricthostkeychecking"), "accept-new");
  assert.match(settings.get("userknownhostsfile") ?? "", /^\/data\/ssh\/known .*\/\.ssh\/known_hosts$/);
});

test("a key that is declared is demanded, of no file but ours", () => {
  const settings = understood({ ...foreign, hostKey: `SHA256:${"A".repeat(43)}` });
  assert.equal(settings.get("stricthostkeychecking"), "true");
  assert.equal(settings.get("userknownhostsfile"), "/data/ssh/known");
  assert.equal(settings.get("globalknownhostsfile"), "/dev/null");
});

test("the way through other hosts, with the same key, each at its port", () => {
  const proxy = understood({ ...foreign, identityFile: "/my keys/id", jump: "first,ops@bastion:2200" }).get(
    "proxycommand",
  );
  assert.match(proxy ?? "", /^ssh .* -i '\/my keys\/id' -J first -l ops -p 2200 -W \[%h\]:%p -- bastion$/);
  for (const jump of ["-oProxyCommand=x", "a b", "ops@$(id)", "x;y", "a,-b"])
    assert.throws(
      () => sshArguments({ ...foreign, jump }, { keyFile: "/k", known: "/n" }),
      /no way for SSH/,
      jump,
    );
});

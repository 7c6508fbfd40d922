import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
  environment,
  file,
  type HostHandle,
  host,
  hostsEntry,
  line,
  sudoRule,
  symlink,
} from "./index.ts";

const mistakesOf = (describe: (here: { host: HostHandle }) => void): string[] =>
  environment("e", {}, () => describe({ host: host("a", { ssh: { address: "10.0.0.1" } }) })).diagnostics.map(
    ({ summary }) => summary,
  );

test("a file whose whole content is declared is edited by nobody else", () => {
  assert.deepEqual(
    mistakesOf((here) => {
      file("/etc/a.conf", { ...here, content: "x\n" });
      line("/etc/a.conf", { ...here, line: "y" });
      block("/etc/a.conf", { ...here, content: "z\n" });
      file("/etc/hosts", { ...here, content: "127.0.0.1 localhost\n" });
      hostsEntry("db", { ...here, address: "10.0.0.2" });
      file("/etc/sudoers.d/ops", { ...here, content: "" });
      sudoRule("ops", { ...here, user: "%ops" });
      file("/etc/link", { ...here, absent: true });
      symlink("/etc/link", { ...here, target: "x" });
    }).sort(),
    [
      "e/file/a:/etc/a.conf and e/block/a:/etc/a.conf#block both write /etc/a.conf",
      "e/file/a:/etc/a.conf and e/line/a:/etc/a.conf#y both write /etc/a.conf",
      "e/file/a:/etc/hosts and e/hosts.entry/a:db both write /etc/hosts",
      "e/file/a:/etc/link and e/symlink/a:/etc/link both write /etc/link",
      "e/file/a:/etc/sudoers.d/ops and e/sudo.rule/a:ops both write /etc/sudoers.d/ops",
    ],
  );
});

test("a file that only has to be there is edited by as many as like", () => {
  assert.deepEqual(
    mistakesOf((here) => {
      line("/etc/a.conf", { ...here, line: "y" });
      file("/etc/a.conf", { ...here, touch: true });
      line("/etc/a.conf", { ...here, line: "z" });
      hostsEntry("db", { ...here, address: "10.0.0.2" });
      hostsEntry("cache", { ...here, address: "10.0.0.3" });
    }),
    [],
  );
});

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { type HostRun, type Run, runSchema } from "@havn/model";
import { remotePath } from "../flows/copy.ts";
import { plain } from "../kit/style.ts";
import { foldNames } from "./hosts.ts";
import { runSummary } from "./run.ts";

test("names are folded as people write them", () => {
  const cases: [string[], string][] = [
    [["web-1", "web-2", "web-3"], "web-[1-3]"],
    [["web-1", "db", "web-3", "web-2", "web-7"], "db, web-[1-3,7]"],
    [["web-08", "web-09", "web-10"], "web-10, web-[08-09]"],
    [["a1b", "a2b", "c"], "a[1-2]b, c"],
    [["only-5"], "only-5"],
  ];
  for (const [names, folded] of cases) strictEqual(foldNames(names), folded);
});

test("what names hosts, and what a path here", () => {
  deepStrictEqual(remotePath("web-1:/etc/motd"), { hosts: "web-1", path: "/etc/motd" });
  deepStrictEqual(remotePath("role in (web, db):/srv/"), { hosts: "role in (web, db)", path: "/srv/" });
  deepStrictEqual(remotePath("prod/web-[1:3]:/a:/b"), { hosts: "prod/web-[1:3]", path: "/a:/b" });
  for (const path of ["./a:/b", "/a:/b", "../x:/y", "~/x:/y", "a", "C:x"])
    strictEqual(remotePath(path), undefined);
});

test("hosts that fared alike stand together, those that failed last", () => {
  const host = (name: string, rest: Omit<HostRun, "host">): HostRun => ({
    host: `shop/host/${name}`,
    ...rest,
  });
  const run: Run = runSchema.parse({
    id: "12345678-0000",
    task: { kind: "command", command: ["uname"], shell: false },
    ...{ hosts: "*", concurrency: 1, actor: "a", state: "failed", createdAt: 0, startedAt: 0, endedAt: 1500 },
    results: [
      host("db-1", { state: "failed", code: 2, stderr: "bad\u001b[2J\n" }),
      host("web-1", { state: "ok", code: 0, stdout: "Linux\n" }),
      host("web-2", { state: "ok", code: 0, stdout: "Linux\n" }),
      host("web-3", { state: "away" }),
    ],
  });
  deepStrictEqual(runSummary(run, { style: plain, output: true }).split("\n"), [
    "2 hosts: web-[1-2]  ok",
    "  Linux",
    "1 host: db-1  exit 2",
    "  bad",
    "1 host: web-3  not reached: its agent is not connected",
    "1.5 s, run 12345678",
  ]);
  match(runSummary(run, { style: plain, output: false }), /web-\[1-2\] {2}ok, the same 1 line\n/);
});

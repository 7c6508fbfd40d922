import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { plain } from "../kit/style.ts";
import { compare } from "../testing/transcript.ts";
import { unitTestsView } from "../views/unit-tests.ts";
import { testFile } from "./unit-tests.ts";

const cwd = fileURLToPath(new URL("./testdata/unit-tests/", import.meta.url));
const files = readdirSync(cwd).filter((name) => /^(pass|fail|own)-.*\.yml$/.test(name));
const verdict = ({ failures, faults }: Awaited<ReturnType<typeof testFile>>) =>
  failures.length + faults.length === 0 ? "pass" : "fail";

test("unit tests of rules: verdicts, and what differs", async () => {
  const signal = new AbortController().signal;
  const told: string[] = [];
  for (const name of files) {
    const tested = await testFile(name, { cwd, signal });
    told.push(unitTestsView([tested], plain));
    assert.equal(verdict(tested), name.startsWith("fail") ? "fail" : "pass", told.at(-1) ?? "");
  }
  const golden = new URL("./testdata/unit-tests/told.txt", import.meta.url);
  const before = process.env.UPDATE_CASES ? "" : readFileSync(golden, "utf8");
  compare("told.txt", before, `${told.join("\n\n")}\n`, (actual) => writeFileSync(golden, actual));
});

test("Debian's promtool comes to the same verdicts", async () => {
  for (const name of files.filter((one) => !one.startsWith("own"))) {
    const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", name], {
      cwd,
      encoding: "utf8",
    });
    assert.equal(status === 0 ? "pass" : "fail", name.slice(0, 4), `${name}: ${stdout}${stderr}`);
  }
});

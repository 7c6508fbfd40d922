import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { dashboardProperties } from "@havn/model";
import { typescriptOf } from "./typescript.ts";

const golden = new URL("../../grafana/testdata/hosts.golden.json", import.meta.url);

test("what is exported declares the same dashboard", () => {
  const { dashboard } = JSON.parse(readFileSync(golden, "utf8")) as { dashboard: unknown };
  const given = dashboardProperties.parse(dashboard);
  const written = typescriptOf("hosts", given);
  const [head, ...rest] = written.split("\n");
  assert.equal(head, 'import { dashboard } from "havn";');
  let declared: unknown;
  new Function("dashboard", rest.join("\n"))((name: string, options: unknown) => {
    assert.equal(name, "hosts");
    declared = options;
  });
  assert.deepEqual(dashboardProperties.parse(declared), given);
});

test("texts that a script would read otherwise stay what they are", () => {
  const title = 'a "b" \\ ${c} `d` \u2028 </script>';
  const written = typescriptOf("x", dashboardProperties.parse({ title, panels: [] }));
  assert.doesNotMatch(written, /\u2028/);
  let found: unknown;
  new Function("dashboard", written.split("\n").slice(1).join("\n"))(
    (_: string, given: { title: string }) => {
      found = given.title;
    },
  );
  assert.equal(found, title);
});

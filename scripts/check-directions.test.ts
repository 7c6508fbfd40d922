import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { checkFile } from "./check-directions.ts";

const found = (file: string, text: string) => checkFile(file, text).length;

test("a domain imports no other domain, and its own layer's words only through open doors", () => {
  deepEqual(checkFile("packages/alerting/index.ts", 'import { x } from "@havn/telemetry";'), [
    "packages/alerting/index.ts: imports @havn/telemetry (a domain declares the interface that it needs, and " +
      "apps/server/main.ts hands it over)",
  ]);
  equal(found("packages/alerting/index.ts", 'import type { F } from "@havn/fleet/protocol";'), 0);
  equal(found("packages/alerting/index.ts", 'import { p } from "@havn/promql";'), 0);
  equal(found("packages/alerting/x.ts", 'const t = await import("@havn/delivery");'), 1);
});

test("base and engines import nothing above them, and nobody imports an app", () => {
  equal(found("packages/postgres/index.ts", 'import { plan } from "@havn/plan";'), 1);
  equal(found("packages/plan/index.ts", 'import { access } from "@havn/access";'), 1);
  equal(found("packages/access/index.ts", 'import { main } from "@havn/server";'), 1);
  equal(found("apps/server/main.ts", 'import { access } from "@havn/access";'), 0);
});

test("the agent loads host halves only", () => {
  equal(found("apps/agent/main.ts", 'import { x } from "@havn/postgres";'), 1);
  equal(found("apps/agent/main.ts", 'import { x } from "@havn/delivery/agent";'), 0);
});

test("engines neither look at the clock nor reach outside; their tests may", () => {
  equal(found("packages/promql/engine.ts", "const at = Date.now();"), 1);
  equal(found("packages/plan/index.ts", 'import { readFile } from "node:fs/promises";'), 1);
  equal(found("packages/plan/index.test.ts", 'import { readFile } from "node:fs/promises";'), 0);
});

test("paths do not lead into other rooms; testing doors stay in tests", () => {
  equal(found("packages/alerting/index.ts", 'import { x } from "../telemetry/index.ts";'), 1);
  equal(found("packages/alerting/rules/index.ts", 'import { x } from "../store.ts";'), 0);
  equal(found("packages/alerting/store.ts", 'import { testDatabase } from "@havn/postgres/testing";'), 1);
  equal(
    found("packages/alerting/store.test.ts", 'import { testDatabase } from "@havn/postgres/testing";'),
    0,
  );
});

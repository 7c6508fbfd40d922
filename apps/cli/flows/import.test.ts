import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  checkProperties,
  contactProperties,
  escalationProperties,
  maintenanceProperties,
  receiverProperties,
  routeProperties,
} from "@havn/model";
import { evaluateConfig } from "../config/evaluate.ts";
import { runCommand } from "../testing/transcript.ts";
import { checkout } from "../version.ts";

const schemas: Readonly<Record<string, { parse(value: unknown): unknown }>> = {
  ...{ check: checkProperties, contact: contactProperties, escalation: escalationProperties },
  ...{ maintenance: maintenanceProperties, receiver: receiverProperties, route: routeProperties },
};

for (const { source, call, from, counts } of [
  {
    source: "nagios",
    call: 'nagiosChecks({ mail: { from: "havn@example.org", server: "smtp://127.0.0.1" }, zone: "Europe/Oslo" })',
    from: "packages/alerting/nagios/testdata",
    counts: { check: 23, contact: 2, escalation: 2, receiver: 8, route: 1 },
  },
  {
    source: "icinga",
    call: 'icingaChecks({ mail: { from: "havn@example.org", server: "smtp://127.0.0.1" }, zone: "Europe/Oslo" })',
    from: "packages/alerting/icinga/testdata/shop",
    counts: { check: 23, maintenance: 1, contact: 3, escalation: 1, receiver: 3, route: 1 },
  },
])
  test(`what is imported from ${source} is TypeScript that can be declared and planned`, async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "havn-import-")));
    try {
      const given = source === "icinga" ? ["--define", "PluginDir=/usr/lib/nagios/plugins"] : [];
      const { code, text } = await runCommand(
        ["import", source, join(checkout, from), "--out", "checks.ts", ...given],
        { cwd: folder, environment: { HAVN_DATA: join(folder, "data") } },
      );
      assert.equal(code, 0, text);
      writeFileSync(
        join(folder, "havn.config.ts"),
        `import { environment } from "havn";\nimport { ${source}Checks } from "./checks.ts";\nexport default environment("old", {}, () => { ${call}; });\n`,
      );
      const { graph, warnings } = await evaluateConfig({
        ...{ file: join(folder, "havn.config.ts"), environment: undefined, cwd: folder, timeoutMs: 120_000 },
        ...{ signal: AbortSignal.timeout(120_000), onOutput: () => {} },
      });
      assert.deepEqual(warnings, []);
      for (const { type, address, properties } of graph.resources)
        assert.doesNotThrow(() => schemas[type]?.parse(properties), address);
      const found = Object.groupBy(graph.resources, ({ type }) => type);
      assert.deepEqual(
        Object.fromEntries(Object.entries(found).map(([type, all = []]) => [type, all.length])),
        counts,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

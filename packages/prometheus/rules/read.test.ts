import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { formatLocation } from "@havn/model";
import { templateFault } from "../template/execute.ts";
import { readRules } from "./read.ts";
import { rulesProperties } from "./schema.ts";

const folder = new URL("./cases/", import.meta.url);

for (const name of readdirSync(folder).filter((each) => each.endsWith(".yml")))
  test(`rule file: ${name}`, () => {
    const { groups, diagnostics } = readRules(name, readFileSync(new URL(name, folder), "utf8"), {
      suggest: (written, names) => names.find((each) => each.startsWith(written.slice(0, 3))),
      checkExpr: (expr) =>
        expr.split("(").length === expr.split(")").length ? undefined : "unclosed left parenthesis",
      checkTemplate: templateFault,
      interval: "30s",
      externalLabels: { region: "north" },
    });
    for (const { properties } of groups) assert.deepEqual(rulesProperties.parse(properties), properties);
    const shown = {
      groups,
      diagnostics: diagnostics.map(
        ({ at, severity, summary, detail }) =>
          `${at && formatLocation(at)}: ${severity}: ${summary}. ${detail}`,
      ),
    };
    const golden = new URL(name.replace(/yml$/, "json"), folder);
    const json = `${JSON.stringify(shown, undefined, 2)}\n`;
    if (process.env.UPDATE_CASES) writeFileSync(golden, json);
    assert.equal(json, readFileSync(golden, "utf8"));
  });

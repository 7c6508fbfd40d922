import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { formatLocation } from "@havn/model";
import type { PathContext } from "./prepare.ts";
import { readPrometheus } from "./read.ts";
import { scrapeProperties } from "./scrape.ts";

const folder = new URL("./cases/", import.meta.url);
const files: PathContext = {
  read: () => undefined,
  resolve: (path, from) => join(dirname(from), path),
  list: () => [],
  absolute: (path, from) => (path.startsWith("/") ? path : join("/project", dirname(from), path)),
};
const suggest = (written: string, names: readonly string[]) =>
  names.find((name) => name.startsWith(written.slice(0, -1)));

for (const name of readdirSync(folder).filter((each) => each.endsWith(".yml")))
  test(`prometheus.yml: ${name}`, () => {
    const text = readFileSync(new URL(name, folder), "utf8");
    const { diagnostics, secrets, ...read } = readPrometheus(name, text, { files, suggest });
    const shown = {
      ...read,
      secrets: secrets.map((secret) => ({ ...secret, at: formatLocation(secret.at) })),
      diagnostics: diagnostics.map(
        ({ at, severity, summary, detail }) =>
          `${at ? `${formatLocation(at)}: ` : ""}${severity}: ${summary}. ${detail}`,
      ),
    };
    const golden = new URL(name.replace(/yml$/, "json"), folder);
    const json = `${JSON.stringify(shown, undefined, 2)}\n`;
    if (process.env.UPDATE_CASES) writeFileSync(golden, json);
    assert.equal(json, readFileSync(golden, "utf8"));
    for (const secret of ["open-sesame", '"abc"', "xyz"]) assert.ok(!json.includes(secret), secret);
    if (!diagnostics.some(({ severity }) => severity === "error"))
      for (const { properties } of read.scrapes)
        assert.deepEqual(scrapeProperties.parse(properties), properties);
  });

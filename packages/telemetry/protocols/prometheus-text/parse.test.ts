import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { ExpositionError, parseExposition } from "./parse.ts";

const cases = new URL("./cases/", import.meta.url);

for (const file of readdirSync(cases))
  test(file, () => {
    const [input = "", expected = ""] = readFileSync(new URL(file, cases), "utf8").split(/^---\n/m);
    const openMetrics = input.startsWith("openmetrics\n");
    assert.equal(show(openMetrics ? input.slice(12) : input, openMetrics), expected);
  });

function show(text: string, openMetrics: boolean): string {
  try {
    const { samples, families } = parseExposition(new TextEncoder().encode(text), { openMetrics });
    const lines = [...families].map(([name, { type, help }]) => `family ${name} ${type} ${help}`);
    for (const { name, labels, value, timestamp } of samples) {
      const shown = JSON.stringify(Object.fromEntries(labels));
      lines.push(`${name} ${shown} ${value}${timestamp === undefined ? "" : ` ${timestamp}`}`);
    }
    return `${lines.join("\n")}\n`;
  } catch (error) {
    if (error instanceof ExpositionError) return `error ${error.line} ${error.message}\n`;
    throw error;
  }
}

test("bytes that are not UTF-8 are told with their line", () => {
  const bytes = Buffer.concat([Buffer.from('a 1\nb{c="'), Buffer.from([0xff]), Buffer.from('"} 1\n')]);
  assert.throws(() => parseExposition(bytes), { line: 2 });
});

test("it stops where there are more samples, families or labels than wanted", () => {
  const parse = (text: string) => parseExposition(new TextEncoder().encode(text), { most: 2 });
  assert.equal(parse("a 1\nb 1\n").samples.length, 2);
  assert.throws(() => parse(`a 1\nb 1\nc 1\nnot read "\n`), /Line 3 .*more than 2 samples/);
  assert.throws(() => parse("# TYPE a gauge\n# TYPE b gauge\n# TYPE c gauge\n"), /more than 2 families/);
  const labels = Array.from({ length: 1_001 }, (_, at) => `l${at}="x"`);
  assert.throws(() => parse(`a{${labels}} 1\n`), /more than 1000 labels/);
});

test("what is written is read back, and no input makes it fail otherwise than with a line", () => {
  const sample = fc.record({
    name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/),
    label: fc.string({ unit: "grapheme", maxLength: 20 }),
    value: fc.double(),
  });
  fc.assert(
    fc.property(sample, ({ name, label, value }) => {
      const escaped = label.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
      const text = `${name}{l="${escaped}"} ${value}\n`;
      const [read] = parseExposition(new TextEncoder().encode(text)).samples;
      assert.deepEqual(read, {
        name,
        labels: [["l", label]],
        value: Object.is(value, -0) ? 0 : value,
        timestamp: undefined,
      });
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.boolean(), (text, openMetrics) => {
      assert.doesNotThrow(() => show(text, openMetrics));
    }),
  );
});

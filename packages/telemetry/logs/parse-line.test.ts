import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type ParsedLine, parseLogLine, severityOfPriority } from "./parse-line.ts";
import { severityNumbers, severityOf } from "./severity.ts";

const text = readFileSync(new URL("./cases/lines.json", import.meta.url), "utf8");
for (const { line, expect } of JSON.parse(text) as { line: string; expect: Partial<ParsedLine> }[])
  test(line, () => {
    const { attributes, ...parsed } = parseLogLine(line);
    const { attributes: expected = {}, ...rest } = { traceId: "", spanId: "", ...expect };
    assert.deepEqual({ ...parsed, attributes: { ...attributes } }, { ...rest, attributes: expected });
  });

test("a plain line takes the severity of its stream", () => {
  assert.equal(parseLogLine("oops", "error").severity, "error");
});

test("severities survive their numbers", () => {
  for (const [name, number] of Object.entries(severityNumbers)) assert.equal(severityOf(number), name);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(severityOfPriority), [
    ...["fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug"],
  ]);
});

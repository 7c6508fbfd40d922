import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileRegexp } from "@havn/model/regexp";
import fc from "@havn/testkit/property";
import { parse } from "yaml";
import { compileRules, relabel, relabelSteps } from "./relabel.ts";
import { type RelabelRule, relabelRule } from "./rule.ts";

const read = <T>(name: string): T[] =>
  parse(readFileSync(new URL(`./cases/${name}.yml`, import.meta.url), "utf8")) as T[];

interface Case {
  it: string;
  labels: Record<string, string>;
  rules: unknown[];
  becomes: Record<string, string> | null;
}

for (const { it, labels, rules, becomes } of read<Case>("actions"))
  test(`relabel: ${it}`, () => {
    const parsed = rules.map((rule) => relabelRule.parse(rule));
    assert.deepEqual(relabel(labels, compileRules(parsed)) ?? null, becomes);
    const steps = relabelSteps(labels, parsed);
    assert.deepEqual(steps.at(-1)?.after ?? null, becomes);
    if (becomes === null) assert.match(steps.at(-1)?.note ?? "", /^dropped: /);
  });

for (const { rules, fault } of read<{ rules: unknown[]; fault: string }>("faults"))
  test(`relabel refuses: ${JSON.stringify(rules)}`, () => {
    const parsed = relabelRule.safeParse(rules[0]);
    assert.equal(parsed.success, false);
    assert.match(parsed.error?.issues.map(({ message }) => message).join("; ") ?? "", new RegExp(fault));
  });

test("no expression takes longer than the text is", () => {
  const text = `${"a".repeat(50_000)}!`;
  const started = performance.now();
  for (const pattern of ["(a+)+$", "(a|aa)+", "(.*a){12}", "(a*)*b"]) compileRegexp(pattern).test(text);
  // JavaScript's own engine would not come back within the age of the universe.
  assert.ok(performance.now() - started < 60_000);
});

test("the steps end where the rules do, whatever they are", () => {
  const label = fc.constantFrom("a", "b", "c", "__meta_x");
  const rule: fc.Arbitrary<RelabelRule> = fc.oneof(
    fc.record({
      source_labels: fc.array(label),
      target_label: label,
      regex: fc.constantFrom("(.*)", "x|y", "(.)(.)"),
    }),
    fc.record({
      source_labels: fc.array(label),
      regex: fc.constantFrom("x", "[xy]"),
      action: fc.constantFrom("keep", "drop"),
    }),
    fc.record({
      regex: fc.constantFrom("a|b", ".*"),
      action: fc.constantFrom("labeldrop", "labelkeep", "labelmap"),
    }),
    fc.record({
      source_labels: fc.array(label),
      target_label: label,
      modulus: fc.integer({ min: 1, max: 9 }),
      action: fc.constant("hashmod" as const),
    }),
  );
  const labels = fc.dictionary(label, fc.constantFrom("x", "y", "xy"));
  fc.assert(
    fc.property(labels, fc.array(rule, { maxLength: 6 }), (given, rules) => {
      const before = JSON.stringify(given);
      const steps = relabelSteps(given, rules);
      assert.deepEqual(relabel(given, compileRules(rules)), steps.length === 0 ? given : steps.at(-1)?.after);
      assert.equal(JSON.stringify(given), before);
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { RE2JS } from "re2js";
import { compileRegexp, expand, repeatedStates } from "./regexp.ts";

/** RE2 itself, without any of our shorter ways: all groups, or nothing. */
function reference(source: string, text: string): string[] | undefined {
  const matcher = RE2JS.compile(`^(?s:${source})$`).matcher(text);
  if (!matcher.find()) return undefined;
  return Array.from({ length: matcher.groupCount() + 1 }, (_, at) => matcher.group(at) ?? "");
}

test("the shorter ways say what RE2 says", () => {
  const atom = fc.constantFrom(
    "a",
    "b",
    "é",
    ".",
    "[ab]",
    "[^a]",
    "\\d",
    "\\w",
    "\\.",
    "1",
    "-",
    "\n",
    "[a-c\\d]",
    "\\+",
  );
  const repeated = fc
    .tuple(atom, fc.constantFrom("", "", "*", "+", "?", "*?", "{2}"))
    .map((parts) => parts.join(""));
  const sequence = fc.array(repeated, { maxLength: 4 }).map((parts) => parts.join(""));
  const group = fc
    .tuple(fc.constantFrom("(", "(?:"), sequence, fc.constantFrom(")", ")*"))
    .map((parts) => parts.join(""));
  const part = fc.oneof(
    sequence,
    group,
    fc.tuple(sequence, sequence).map((parts) => parts.join("|")),
  );
  const source = fc.array(part, { maxLength: 3 }).map((parts) => parts.join(""));
  const text = fc.array(fc.constantFrom("a", "b", "c", "1", "-", ".", "+", "é", "\n", "😀"), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      source,
      text.map((parts) => parts.join("")),
      (pattern, given) => {
        const wanted = reference(pattern, given);
        const match = compileRegexp(pattern).match(given);
        assert.equal(compileRegexp(pattern).test(given), wanted !== undefined);
        assert.deepEqual(match && wanted?.map((_, at) => match.group(String(at))), wanted);
      },
    ),
    { numRuns: 5_000 },
  );
});

test("no text and no expression takes long", () => {
  const long = `${"a".repeat(60_000)}!`;
  for (const source of ["(a+)+", "(a|aa)+", ".*a.*b", "(.*)(.*)(.*)x", "(a*)*b"]) {
    const started = performance.now();
    assert.equal(compileRegexp(source).test(long), false, source);
    assert.ok(performance.now() - started < 30_000, source);
  }
});

test("what counted repetitions would make too large is refused before it is made", () => {
  for (const [source, states] of [
    ["a{3}", 2],
    ["(ab){10,20}c{5,}", 61],
    ["((a{10}){10}){10}", 1107],
    ["(){1000}", 999],
    ["[]{9}{x:[:alpha:]{7}]{4}", 3],
    ["\\p{Greek}{6}\\x{10FFFF}\\Q{9}\\E{5}", 9],
    ["{2}\\{3}{,4}", 0],
  ] as const)
    assert.equal(repeatedStates(source), states, source);
  for (const source of ["a{1000}".repeat(10_000), "(".repeat(100_000), "[{1}".repeat(100_000)])
    assert.throws(() => compileRegexp(source), SyntaxError);
  assert.ok(compileRegexp("([0-9a-f]{1,4}:){7}.{1,1000}").test("0:0:0:0:0:0:0:x"));
});

test("what RE2 does not take is refused, what it takes more is taken", () => {
  for (const source of ["(?=a)", "(a)\\1", "(", "a**", "[z-a]", "\\8"])
    assert.throws(() => compileRegexp(source), SyntaxError, source);
  for (const [source, text] of [
    ["(?i)FOO", "foo"],
    ["\\Qa.b\\E", "a.b"],
    ["[[:alpha:]]+", "abc"],
    ["\\pL+", "é"],
    ["(?P<x>a)b", "ab"],
    ["a\\_b", "a_b"],
  ] as const)
    assert.ok(compileRegexp(source).test(text), source);
  const match = compileRegexp("(?P<x>a)(b)").match("ab");
  assert.equal(match && expand("$x-${2}-$$-$9-$", match), "a-b-$--$");
});

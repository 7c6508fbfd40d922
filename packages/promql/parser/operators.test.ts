import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import type { Expr } from "../ast.ts";
import { parsePromql } from "./parse.ts";

/** With parentheses around everything that belongs together; what selectors carry beside their name is left out. */
function shapeOf(expr: Expr): string {
  switch (expr.kind) {
    case "binary":
      return `(${shapeOf(expr.left)} ${expr.operator} ${shapeOf(expr.right)})`;
    case "unary":
      return `(${expr.operator}${shapeOf(expr.inner)})`;
    case "selector":
      return expr.matchers[0]?.value ?? "";
    case "parenthesis":
      return shapeOf(expr.inner);
    case "number":
      return String(expr.value);
    case "string":
    case "matrix":
    case "subquery":
    case "call":
    case "aggregate":
      return expr.kind;
  }
}

const cases: [text: string, shape: string][] = [
  ["a + b offset 5m * c", "(a + (b * c))"],
  ["a + b @ 5 * c", "(a + (b * c))"],
  ["a + b @ end() offset 5m * c", "(a + (b * c))"],
  ["a >= bool b offset 5m % 1", "(a >= (b % 1))"],
  ["a or b offset -5m and c", "(a or (b and c))"],
  ["a offset 5m - b offset 5m - c", "((a - b) - c)"],
  ["a ^ b offset 5m ^ c", "(a ^ (b ^ c))"],
  ["-a offset 5m ^ 2", "(-(a ^ 2))"],
  ["-a offset 5m * b", "((-a) * b)"],
  ["-1 ^ 2", "(-(1 ^ 2))"],
  ["a ^ -1 ^ 2 * b", "((a ^ (-(1 ^ 2))) * b)"],
  ["a + on (x) group_left b offset 1h / ignoring (y) c", "(a + (b / c))"],
  ["a == b offset 5m </ 3", "((a == b) </ 3)"],
  ["(a + b) * -c @ start() atan2 a", "(((a + b) * (-c)) atan2 a)"],
];
for (const [text, shape] of cases) test(text, () => assert.equal(shapeOf(parsePromql(text)), shape));

test("where an expression begins and ends is told, with modifiers", () => {
  const text = "a + -b offset 5m * c @ 5";
  const parsed = parsePromql(text);
  assert.ok(parsed.kind === "binary" && parsed.right.kind === "binary");
  const { left, right } = parsed.right;
  const written = ({ from, to }: { from: number; to: number }) => text.slice(from, to);
  assert.deepEqual([parsed, parsed.right, left, right].map(written), [
    text,
    "-b offset 5m * c @ 5",
    "-b offset 5m",
    "c @ 5",
  ]);
});

const operators = ["+", "-", "*", "/", "%", "^", "atan2", "==", ">=", "<", "and", "or", "unless"];
const piece = fc.record({
  operator: fc.constantFrom(...operators),
  sign: fc.constantFrom("", "", "", "-", "+"),
  name: fc.constantFrom("a", "b", "c", "d"),
  modifier: fc.constantFrom("", "", " offset 5m", " @ 5", " @ end() offset -1m", "{x='y'} offset 1h"),
});

/** What the grammar says itself, where no modifier misleads it. */
function shapeOfNode(node: SyntaxNode, text: string): string {
  const [first, second] = [node.firstChild, node.firstChild?.nextSibling];
  if (node.name === "BinaryExpr" && first && second && node.lastChild)
    return `(${shapeOfNode(first, text)} ${text.slice(second.from, second.to)} ${shapeOfNode(node.lastChild, text)})`;
  if (node.name === "UnaryExpr" && first && second)
    return `(${text.slice(first.from, first.to)}${shapeOfNode(second, text)})`;
  return text.slice(node.from, node.to);
}

test("modifiers do not change what belongs together, and that is what the grammar says without them", () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const written = (modified: boolean) =>
        pieces
          .map(({ operator, sign, name, modifier }, at) =>
            [...(at > 0 ? [operator] : []), `${sign}${name}${modified ? modifier : ""}`].join(" "),
          )
          .join(" ");
      const plain = written(false);
      const shape = shapeOf(parsePromql(plain));
      const root = parser.parse(plain).topNode.firstChild;
      assert.equal(shape, root && shapeOfNode(root, plain));
      assert.equal(shapeOf(parsePromql(written(true))), shape, written(true));
    }),
    { numRuns: 1000 },
  );
});

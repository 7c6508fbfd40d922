import type { SyntaxNode } from "@lezer/common";
import { type Binary, type BinaryOperator, type Expr, isSetOperator, type Matching } from "../ast.ts";
import { parseError } from "../errors.ts";
import type { Source } from "./source.ts";

export function convertBinary(
  source: Source,
  node: SyntaxNode,
  { left, convert }: { left: Expr; convert: (source: Source, node: SyntaxNode) => Expr },
): Expr {
  const children = source.children(node);
  const [first, sign] = children;
  const last = children.at(-1);
  if (!first || !sign || !last || children.length < 3)
    throw parseError(source.original, node, "unexpected end of input");
  const operator = source.slice(sign).toLowerCase();
  const binary: Binary = {
    kind: "binary",
    operator: operator as BinaryOperator,
    left,
    right: convert(source, last),
    bool: node.getChild("BoolModifier") !== null,
    matching: convertMatching(source, node, operator as BinaryOperator),
    from: node.from,
    to: node.to,
  };
  return operator === "^" ? signLast(source, binary) : binary;
}

/** `-1 ^ 2` is -(1 ^ 2), but the grammar reads the sign as part of the number. */
function signLast(source: Source, binary: Binary): Expr {
  const { left } = binary;
  const sign = source.text[left.from];
  if (left.kind !== "number" || (sign !== "-" && sign !== "+")) return binary;
  const value = sign === "-" ? -left.value : left.value;
  const inner: Binary = { ...binary, left: { ...left, value, from: left.from + 1 }, from: left.from + 1 };
  return { kind: "unary", operator: sign, inner, from: binary.from, to: binary.to };
}

function convertMatching(source: Source, node: SyntaxNode, operator: BinaryOperator): Matching {
  const clause = node.getChild("MatchingModifierClause");
  const fill = node.getChild("FillModifier");
  const labels = clause?.getChildren("GroupingLabels") ?? [];
  const left = clause?.getChild("GroupLeft") != null;
  const right = clause?.getChild("GroupRight") != null;
  const grouped = left ? "many-to-one" : right ? "one-to-many" : "one-to-one";
  if (isSetOperator(operator)) {
    if (left || right)
      throw parseError(source.original, clause ?? node, `no grouping allowed for "${operator}" operation`);
    if (fill) throw parseError(source.original, fill, `fill modifiers not allowed for set operators`);
  }
  const matching: Matching = {
    on: clause?.getChild("On") != null,
    labels: source.grouping(labels[0] ?? null),
    cardinality: isSetOperator(operator) ? "many-to-many" : grouped,
    include: source.grouping(labels[1] ?? null),
    ...fillValues(source, fill),
  };
  const both = matching.on ? matching.include.find((name) => matching.labels.includes(name)) : undefined;
  if (both !== undefined)
    throw parseError(
      source.original,
      clause ?? node,
      `label "${both}" must not occur in ON and GROUP clause at once`,
    );
  return matching;
}

function fillValues(source: Source, fill: SyntaxNode | null): Pick<Matching, "fillLeft" | "fillRight"> {
  if (!fill) return {};
  const value = (name: string) => {
    const number = fill.getChild(name)?.getChild("NumberDurationLiteral");
    return number ? source.number(number) : undefined;
  };
  const both = value("FillClause");
  const left = both ?? value("FillLeftClause");
  const right = both ?? value("FillRightClause");
  return { ...(left !== undefined && { fillLeft: left }), ...(right !== undefined && { fillRight: right }) };
}

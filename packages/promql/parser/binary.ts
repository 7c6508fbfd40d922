import type { SyntaxNode } from "@lezer/common";
import { type Binary, type BinaryOperator, isSetOperator, type Matching } from "../ast.ts";
import { parseError } from "../errors.ts";
import type { Source } from "./source.ts";

export function convertBinary(
  source: Source,
  node: SyntaxNode,
  { operator, left, right }: Pick<Binary, "operator" | "left" | "right">,
): Binary {
  return {
    ...{ kind: "binary", operator, left, right },
    bool: node.getChild("BoolModifier") !== null,
    matching: convertMatching(source, node, operator),
    ...{ from: left.from, to: right.to },
  };
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

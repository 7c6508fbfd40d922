import { type Labels, labelsKey } from "@havn/model";
import type { Aggregate } from "../ast.ts";
import { metadataLabels, omitLabels, pickLabels } from "./columns.ts";

/** Values of the labels that group, one level a label; the last holds what is kept of the group. */
type Level<G> = Map<string, Level<G> | G>;

/** What is kept of each group of an aggregation, in the order in which the groups' first series came. */
export class Groups<G extends object> {
  readonly all: G[] = [];
  /** What is kept of the group that series with these labels belong to; opened at the first. */
  readonly of: (labels: Labels) => G;

  constructor(expr: Pick<Aggregate, "grouping" | "without">, open: (labels: Labels) => G) {
    const opened = (labels: Labels) => {
      const group = open(labels);
      this.all.push(group);
      return group;
    };
    this.of = expr.without ? groupingWithout(expr.grouping, opened) : groupingBy(expr.grouping, opened);
  }
}

/** Follows the values themselves: putting them together to a text for each series would take longer than most functions. */
function groupingBy<G extends object>(
  names: readonly string[],
  open: (labels: Labels) => G,
): (labels: Labels) => G {
  const [...inner] = names;
  const last = inner.pop();
  let only: G | undefined;
  if (last === undefined) return () => (only ??= open({}));
  const root: Level<G> = new Map();
  return (labels) => {
    let level = root;
    for (const name of inner) {
      const value = labels[name] ?? "";
      let next = level.get(value) as Level<G> | undefined;
      if (!next) {
        next = new Map();
        level.set(value, next);
      }
      level = next;
    }
    const value = labels[last] ?? "";
    let group = level.get(value) as G | undefined;
    if (!group) {
      group = open(pickLabels(labels, names));
      level.set(value, group);
    }
    return group;
  };
}

function groupingWithout<G extends object>(
  names: readonly string[],
  open: (labels: Labels) => G,
): (labels: Labels) => G {
  const omitted = new Set([...names, ...metadataLabels]);
  const groups = new Map<string, G>();
  return (labels) => {
    const kept = omitLabels(labels, omitted);
    const key = labelsKey(kept);
    let group = groups.get(key);
    if (!group) {
      group = open(kept);
      groups.set(key, group);
    }
    return group;
  };
}

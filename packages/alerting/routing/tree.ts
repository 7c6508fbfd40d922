import { type Labels, labelsKey } from "@havn/model";
import type { TimeInterval } from "./intervals.ts";
import { formatMatcher, type Matcher, matchesAll } from "./matchers.ts";

/** A node as it is written: what it leaves out it has from its parent, as in Alertmanager. */
export interface RouteNode {
  receiver?: string | undefined;
  matchers?: readonly Matcher[] | undefined;
  /** Goes on to the next sibling although it matched. */
  continue?: boolean | undefined;
  /** `...` groups by all labels. */
  groupBy?: readonly string[] | undefined;
  /** Milliseconds, all three. */
  groupWait?: number | undefined;
  groupInterval?: number | undefined;
  repeatInterval?: number | undefined;
  /** Of this node alone: not inherited. */
  muteIn?: readonly TimeInterval[] | undefined;
  activeIn?: readonly TimeInterval[] | undefined;
  routes?: readonly RouteNode[] | undefined;
}

/** A node with everything filled in. */
export interface Route {
  /** Tells this node from all others, and stays the same while the way to it does. */
  key: string;
  receiver: string;
  groupBy: readonly string[];
  groupWait: number;
  groupInterval: number;
  repeatInterval: number;
  muteIn: readonly TimeInterval[];
  activeIn: readonly TimeInterval[];
}

/** As Alertmanager's, but a page does not wait half a minute for company. */
const defaults = {
  groupBy: ["env", "alertname"],
  groupWait: 5000,
  groupInterval: 300_000,
  repeatInterval: 14_400_000,
} as const;

/**
 * The routes an alert takes: depth first; a node is taken where none of its children matches; the first matching
 * sibling ends the search unless it continues (Alertmanager, dispatch/route.go). None without a match at the root.
 */
export function routesOf(root: RouteNode, labels: Labels): Route[] {
  let filled = filledIn.get(root);
  if (!filled) {
    const top: Route = { key: "{}", receiver: "", ...defaults, muteIn: [], activeIn: [] };
    filled = fillIn(root, withOwn(top, root, "{}"));
    filledIn.set(root, filled);
  }
  return descend(filled, labels);
}

interface FilledNode {
  node: RouteNode;
  route: Route;
  children: FilledNode[];
}

/** A tree is the same for very many alerts: what follows from it alone is found once. */
const filledIn = new WeakMap<RouteNode, FilledNode>();

function fillIn(node: RouteNode, route: Route): FilledNode {
  const children = (node.routes ?? []).map((child, index) => {
    const matchers = (child.matchers ?? []).map(formatMatcher).join(",");
    return fillIn(child, withOwn(route, child, `${route.key}/{${matchers}}/${index}`));
  });
  return { node, route, children };
}

function descend({ node, route, children }: FilledNode, labels: Labels): Route[] {
  if (!matchesAll(node.matchers ?? [], labels)) return [];
  const taken: Route[] = [];
  for (const child of children) {
    const found = descend(child, labels);
    taken.push(...found);
    if (found.length > 0 && !child.node.continue) break;
  }
  return taken.length > 0 ? taken : [route];
}

function withOwn(parent: Route, node: RouteNode, key: string): Route {
  return {
    key,
    receiver: node.receiver ?? parent.receiver,
    groupBy: node.groupBy ?? parent.groupBy,
    groupWait: node.groupWait ?? parent.groupWait,
    groupInterval: node.groupInterval ?? parent.groupInterval,
    repeatInterval: node.repeatInterval ?? parent.repeatInterval,
    muteIn: node.muteIn ?? [],
    activeIn: node.activeIn ?? [],
  };
}

/** The labels that an alert's group has in common. */
export function groupLabels({ groupBy }: Pick<Route, "groupBy">, labels: Labels): Labels {
  if (groupBy.includes("...")) return labels;
  return Object.fromEntries(
    groupBy.flatMap((name): [string, string][] => {
      const value = labels[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}

export const groupKey = (route: Pick<Route, "key">, labels: Labels): string =>
  `${route.key}:${labelsKey(labels)}`;

/** Every receiver that the tree names. */
export function receiversOf(node: RouteNode): string[] {
  const own = node.receiver ? [node.receiver] : [];
  return [...new Set([...own, ...(node.routes ?? []).flatMap(receiversOf)])].sort();
}

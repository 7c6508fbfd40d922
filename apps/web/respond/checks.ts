import type { CheckState, CheckView } from "@havn/model";

/** `never`: it has not been run yet. */
export type Shown = CheckState | "never";

export const shownState = ({ result }: CheckView): Shown => result?.state ?? "never";

export const kinds = ["all", "problems", "soft", "flapping", "behind"] as const;
export type Kind = (typeof kinds)[number];

const bad = (view: CheckView) => view.result !== undefined && view.result.state !== "ok";

export function isOf(view: CheckView, kind: Kind): boolean {
  switch (kind) {
    case "all":
      return true;
    case "problems":
      return bad(view);
    case "soft":
      return bad(view) && view.result?.hard === false;
    case "flapping":
      return view.result?.flapping === true;
    case "behind":
      return view.unreachable.length > 0;
  }
}

const order: Record<Shown, number> = { critical: 0, unknown: 1, warning: 2, never: 3, ok: 4 };

/** The worst first; what lies behind another failure after what does not. */
export const byTrouble = (a: CheckView, b: CheckView): number =>
  Number(a.unreachable.length > 0) - Number(b.unreachable.length > 0) ||
  order[shownState(a)] - order[shownState(b)] ||
  (a.name < b.name ? -1 : 1);

export interface Placed {
  view: CheckView;
  depth: number;
}

/** Each check below its first parent; a circle is cut where it is met again. */
export function treeOf(views: readonly CheckView[]): Placed[] {
  const names = new Set(views.map(({ name }) => name));
  const parentOf = ({ parents }: CheckView) => parents.find((name) => names.has(name));
  const below = Map.groupBy(views, (view) => parentOf(view) ?? "");
  const placed = new Map<string, Placed>();
  const visit = (view: CheckView, depth: number): void => {
    if (placed.has(view.name)) return;
    placed.set(view.name, { view, depth });
    for (const child of [...(below.get(view.name) ?? [])].sort(byTrouble)) visit(child, depth + 1);
  };
  for (const root of [...(below.get("") ?? [])].sort(byTrouble)) visit(root, 0);
  for (const view of views) visit(view, 0);
  return [...placed.values()];
}

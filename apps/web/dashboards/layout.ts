import type { DashboardPanel, PanelKind } from "@havn/model";
import type { Variables } from "./template.ts";
import { eachValue } from "./variables.ts";

export const columns = 24;
const most = 200;

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A panel at its place in a section; one that repeats is there several times. */
export interface Item extends Place {
  key: string;
  /** In the dashboard's list. */
  index: number;
  panel: DashboardPanel;
  variables: Variables;
}

/** What stands under one row's heading, or before the first. */
export interface Section {
  key: string;
  row?: { panel: DashboardPanel; index: number } | undefined;
  variables: Variables;
  items: Item[];
}

const usual: Record<PanelKind, { width: number; height: number }> = {
  timeseries: { width: 12, height: 8 },
  stat: { width: 6, height: 4 },
  gauge: { width: 6, height: 6 },
  bar: { width: 8, height: 8 },
  table: { width: 12, height: 8 },
  heatmap: { width: 12, height: 8 },
  text: { width: 12, height: 4 },
  row: { width: 24, height: 1 },
};

export const sizeOf = ({ kind, width, height }: DashboardPanel) => ({
  width: width ?? usual[kind].width,
  height: height ?? usual[kind].height,
});

/** Panels by the rows that they stand under, rows and panels repeated for each value of their variable. */
export function sectionsOf(panels: readonly DashboardPanel[], variables: Variables): Section[] {
  const groups: { row?: Section["row"]; members: { panel: DashboardPanel; index: number }[] }[] = [
    { members: [] },
  ];
  for (const [index, panel] of panels.entries())
    if (panel.kind === "row") groups.push({ row: { panel, index }, members: [] });
    else groups.at(-1)?.members.push({ panel, index });
  return groups
    .filter(({ row, members }) => row !== undefined || members.length > 0)
    .flatMap(({ row, members }) => {
      const scopes = row?.panel.repeat ? eachValue(variables, row.panel.repeat) : [variables];
      return scopes.slice(0, most).map((scope, copy): Section => {
        const key = `${row?.index ?? "top"}/${copy}`;
        return { key, row, variables: scope, items: placed(members, scope, key) };
      });
    });
}

interface Wanted extends Omit<Item, "y" | "x"> {
  x: number | undefined;
  /** What it is ordered by: nothing leaves a gap above itself. */
  y: number;
}

function placed(
  members: readonly { panel: DashboardPanel; index: number }[],
  variables: Variables,
  key: string,
): Item[] {
  let line = 0;
  const wanted = members.flatMap(({ panel, index }): Wanted[] => {
    // One without a place of its own comes after the one before it.
    line = panel.y ?? line;
    return copiesOf({ panel, index }, variables, { key, y: line });
  });
  return compacted(wanted.toSorted((a, b) => a.y - b.y || (a.x ?? 0) - (b.x ?? 0)));
}

function copiesOf(
  { panel, index }: { panel: DashboardPanel; index: number },
  variables: Variables,
  at: { key: string; y: number },
): Wanted[] {
  const size = sizeOf(panel);
  const scopes = panel.repeat ? eachValue(variables, panel.repeat).slice(0, most) : [variables];
  const share = Math.max(6, Math.floor(columns / Math.max(1, scopes.length)));
  const width =
    panel.repeat && !panel.repeatDown && size.width === columns ? share : Math.min(columns, size.width);
  const across = panel.repeat && !panel.repeatDown ? Math.max(1, Math.floor(columns / width)) : 1;
  return scopes.map((scope, copy) => ({
    ...{ key: `${at.key}/${index}/${copy}`, index, panel, variables: scope, width, height: size.height },
    x:
      panel.x === undefined && !panel.repeat
        ? undefined
        : across > 1
          ? (copy % across) * width
          : (panel.x ?? 0),
    // A line of copies comes before what stands as high up as the line.
    y: at.y + Math.floor(copy / across) / 1_000,
  }));
}

/** Each as high up as what came before lets it; one without a column goes where it comes highest. */
function compacted(wanted: readonly Wanted[]): Item[] {
  const heights = new Array<number>(columns).fill(0);
  const under = (x: number, width: number) => Math.max(...heights.slice(x, x + width));
  return wanted.map((one) => {
    const last = columns - one.width;
    let x = Math.min(one.x ?? 0, last);
    if (one.x === undefined)
      for (let tried = 0; tried <= last; tried++)
        if (under(tried, one.width) < under(x, one.width)) x = tried;
    const y = under(x, one.width);
    heights.fill(y + one.height, x, x + one.width);
    return { ...one, x, y };
  });
}

/** Moves or sizes one panel of a section; the others make room. Gives the panels with all places written down. */
export function rearranged(
  panels: readonly DashboardPanel[],
  section: Pick<Section, "items">,
  change: { index: number } & Partial<Place>,
): DashboardPanel[] {
  // Copies of a repeated panel follow the first one.
  const items = section.items.filter(
    ({ index }, at) => section.items.findIndex((one) => one.index === index) === at,
  );
  const own = items.find(({ index }) => index === change.index);
  if (!own) return [...panels];
  const width = clamp(change.width ?? own.width, 2, columns);
  const target: Item = {
    ...own,
    ...{ width, height: clamp(change.height ?? own.height, 2, 60) },
    x: clamp(change.x ?? own.x, 0, columns - width),
    y: Math.max(0, change.y ?? own.y),
  };
  const others = items.filter((one) => one !== own);
  // What is moved down comes after all that ends where it is to end; else it comes first where it is to begin.
  const down = target.y > own.y;
  const rank = (one: Item) =>
    (down ? one.y + one.height : one.y) + (one === target ? (down ? 0.5 : -0.5) : 0);
  const order = [target, ...others].sort((a, b) => rank(a) - rank(b) || a.x - b.x);
  const places = new Map(
    compacted(order).map(({ index, x, y, width: w, height }) => [index, { x, y, width: w, height }]),
  );
  return panels.map((panel, index) => ({ ...panel, ...places.get(index) }));
}

/** Where a panel comes to when it changes places with what stands above or below it. */
export function beyond({ items }: Pick<Section, "items">, own: Item, direction: -1 | 1): Partial<Place> {
  const beside = items.filter(
    (one) => one.index !== own.index && one.x < own.x + own.width && own.x < one.x + one.width,
  );
  const next =
    direction === 1
      ? beside.filter(({ y }) => y >= own.y + own.height).sort((a, b) => a.y - b.y)[0]
      : beside.filter(({ y, height }) => y + height <= own.y).sort((a, b) => b.y - a.y)[0];
  if (!next) return {};
  return { y: direction === 1 ? next.y + next.height - own.height : next.y };
}

const clamp = (value: number, least: number, highest: number) => Math.min(highest, Math.max(least, value));

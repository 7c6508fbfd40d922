import { type MarkKind, markKinds } from "./marks.ts";
import { parseSeconds, type TimeChoice, writeSeconds } from "./window.ts";

export const views = ["graph", "stacked", "heatmap", "table"] as const;
export type View = (typeof views)[number];

export interface ExploreQuery {
  expr: string;
  /** `{{label}}` is filled in; "" names series by the labels in which they differ. */
  legend: string;
  hidden: boolean;
}

/** All that is seen: it stands in the address, so that a link shows the same to somebody else. */
export interface ExploreState {
  queries: ExploreQuery[];
  time: TimeChoice;
  /** Seconds; undefined: what fits the range. */
  step: number | undefined;
  view: View;
  /** undefined: what the names of the metrics say. */
  unit: string | undefined;
  /** Seconds between refreshes; 0: none. */
  refresh: number;
  exemplars: boolean;
  marks: MarkKind[];
  logarithmic: boolean;
  /** Only what happened in this one is shown beside the graph. */
  environment: string | undefined;
}

const usual: ExploreState = {
  queries: [{ expr: "", legend: "", hidden: false }],
  time: { kind: "last", seconds: 3600 },
  step: undefined,
  view: "graph",
  unit: undefined,
  refresh: 0,
  exemplars: false,
  marks: [...markKinds],
  logarithmic: false,
  environment: undefined,
};

/** The address without its beginning: `q`, `legend` and `hide` stand once a query, in its order. */
export function writeState(state: ExploreState): URLSearchParams {
  const search = new URLSearchParams();
  const legends = state.queries.some(({ legend }) => legend !== "");
  for (const { expr, legend } of state.queries) {
    search.append("q", expr);
    if (legends) search.append("legend", legend);
  }
  const hidden = state.queries.flatMap((query, at) => (query.hidden ? [at] : []));
  if (hidden.length > 0) search.set("hide", hidden.join(","));
  if (state.time.kind === "fixed") {
    search.set("from", new Date(state.time.start * 1000).toISOString());
    search.set("to", new Date(state.time.end * 1000).toISOString());
  } else if (state.time.seconds !== 3600) search.set("range", writeSeconds(state.time.seconds));
  if (state.step !== undefined) search.set("step", writeSeconds(state.step));
  if (state.view !== "graph") search.set("view", state.view);
  if (state.unit !== undefined) search.set("unit", state.unit);
  if (state.refresh > 0) search.set("refresh", writeSeconds(state.refresh));
  if (state.exemplars) search.set("exemplars", "1");
  if (state.marks.length < markKinds.length) search.set("marks", state.marks.join(","));
  if (state.logarithmic) search.set("log", "1");
  if (state.environment) search.set("env", state.environment);
  return search;
}

/** What an address says; whatever in it cannot be read is as usual. */
export function parseState(search: URLSearchParams): ExploreState {
  const legends = search.getAll("legend");
  const hidden = new Set((search.get("hide") ?? "").split(",").filter(Boolean).map(Number));
  const queries = search
    .getAll("q")
    .map((expr, at) => ({ expr, legend: legends[at] ?? "", hidden: hidden.has(at) }));
  const view = views.find((one) => one === search.get("view"));
  const marks = search.get("marks");
  const duration = (name: string) => parseSeconds(search.get(name) ?? "") || undefined;
  return {
    ...usual,
    queries: queries.length > 0 ? queries : usual.queries,
    time: timeOf(search) ?? { kind: "last", seconds: duration("range") ?? 3600 },
    step: duration("step"),
    view: view ?? "graph",
    unit: search.get("unit") ?? undefined,
    refresh: duration("refresh") ?? 0,
    exemplars: search.get("exemplars") === "1",
    marks: marks === null ? [...markKinds] : markKinds.filter((kind) => marks.split(",").includes(kind)),
    logarithmic: search.get("log") === "1",
    environment: search.get("env") ?? undefined,
  };
}

function timeOf(search: URLSearchParams): TimeChoice | undefined {
  const [start, end] = [search.get("from"), search.get("to")].map((text) => Date.parse(text ?? "") / 1000);
  return start !== undefined && end !== undefined && end > start ? { kind: "fixed", start, end } : undefined;
}

/** The explorer with these queries, to begin with from elsewhere. */
export function exploreAddress(
  given: Partial<ExploreState> & { exprs: readonly { expr: string }[] },
): string {
  const { exprs, ...rest } = given;
  const queries = exprs.map(({ expr }) => ({ expr, legend: "", hidden: false }));
  return `/explore?${writeState({ ...usual, ...rest, queries })}`;
}

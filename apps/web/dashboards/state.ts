import type { DashboardProperties } from "@havn/model";
import { parseSeconds, type TimeChoice, writeSeconds } from "../metrics/window.ts";
import { choicesIn } from "./variables.ts";

/** All that is seen of a dashboard: it stands in the address, so that a link shows the same to somebody else. */
export interface BoardState {
  time: TimeChoice;
  /** Seconds between looks; 0: none. */
  refresh: number;
  /** Values of variables by name, where they are not as usual. */
  choices: ReadonlyMap<string, readonly string[]>;
  /** Number of the panel that is seen alone. */
  panel: number | undefined;
  /** What is declared is seen, not what the page made of it. */
  declared: boolean;
}

type Usual = Pick<DashboardProperties, "range" | "refresh">;

const usualTime = ({ range }: Usual): TimeChoice => ({ kind: "last", seconds: parseSeconds(range) || 3600 });
const usualRefresh = ({ refresh }: Usual): number =>
  refresh === undefined ? 0 : (parseSeconds(refresh) ?? 0);

/** What an address says; whatever in it cannot be read is as usual. */
export function parseBoardState(search: URLSearchParams, usual: Usual): BoardState {
  const [start, end] = [search.get("from"), search.get("to")].map((text) => Date.parse(text ?? "") / 1000);
  const seconds = parseSeconds(search.get("range") ?? "");
  const refresh = parseSeconds(search.get("refresh") ?? "");
  const panel = search.get("panel");
  return {
    time:
      start !== undefined && end !== undefined && end > start
        ? { kind: "fixed", start, end }
        : seconds
          ? { kind: "last", seconds }
          : usualTime(usual),
    refresh: refresh ?? usualRefresh(usual),
    choices: choicesIn(search),
    panel: panel !== null && /^\d+$/.test(panel) ? Number(panel) : undefined,
    declared: search.get("declared") === "1",
  };
}

export function writeBoardState(state: BoardState, usual: Usual): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, values] of state.choices) for (const value of values) search.append(`var-${name}`, value);
  const { time } = state;
  if (time.kind === "fixed") {
    search.set("from", new Date(time.start * 1000).toISOString());
    search.set("to", new Date(time.end * 1000).toISOString());
  } else if (time.seconds !== (usualTime(usual) as { seconds: number }).seconds)
    search.set("range", writeSeconds(time.seconds));
  if (state.refresh !== usualRefresh(usual))
    search.set("refresh", state.refresh === 0 ? "0" : writeSeconds(state.refresh));
  if (state.panel !== undefined) search.set("panel", String(state.panel));
  if (state.declared) search.set("declared", "1");
  return search;
}

import { type AlertDetect, labelsKey, parseDuration } from "@havn/model";
import { alignedGrid, type Column, columnsOf, emptyColumn, type Grid, type Judged, timeAt } from "../ask.ts";
import type { Judge } from "./detector.ts";
import { medianOf } from "./history.ts";

type Forecast = Extract<AlertDetect, { kind: "forecast" }>;

/** Points that the line is drawn through at most, and at least. */
const points = 60;
const fewest = 10;

export interface Point {
  /** Seconds. */
  at: number;
  value: number;
}

/**
 * Seconds from the last point until the line through the points reaches `reaches`; undefined where it does not, or where
 * the points do not tell. The slope is the median of those between any two (Theil–Sen), of what came after the last step:
 * what was deleted or grown at once says nothing of the pace. The last third must go the same way.
 */
export function reachesIn(
  given: readonly Point[],
  { reaches, towards }: Pick<Forecast, "reaches" | "towards">,
): number | undefined {
  const all = afterLastStep(given);
  const last = all.at(-1);
  if (!last || all.length < fewest) return undefined;
  const sign = towards === "down" ? -1 : 1;
  const slope = slopeOf(all);
  const recent = slopeOf(all.slice(Math.floor((all.length * 2) / 3)));
  const level = medianOf(all.map(({ at, value }) => value + slope * (last.at - at)));
  if ((reaches - level) * sign <= 0) return 0;
  if (!(slope * sign > 0 && recent * sign > 0)) return undefined;
  return (reaches - level) / slope;
}

function slopeOf(all: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [i, a] of all.entries())
    for (const b of all.slice(i + 1)) slopes.push((b.value - a.value) / (b.at - a.at));
  return medianOf(slopes);
}

/** So many points on both sides tell where the level lies: one that is alone tells nothing. */
const beside = 4;

/** A step is a change of the level that is far beyond the usual one. */
function afterLastStep(all: readonly Point[]): readonly Point[] {
  if (all.length < fewest) return all;
  const level = (from: number) => medianOf(all.slice(from, from + beside).map(({ value }) => value));
  const levels = Array.from({ length: all.length - beside + 1 }, (_, i) => level(i));
  const changes = levels.slice(beside).map((after, i) => after - (levels[i] ?? after));
  const middle = medianOf(changes);
  const spread = 1.4826 * medianOf(changes.map((change) => Math.abs(change - middle)));
  const whole = Math.max(...levels) - Math.min(...levels);
  const least = Math.max(10 * spread, whole / 4, Number.MIN_VALUE);
  const isStep = (change: number | undefined) => Math.abs((change ?? middle) - middle) > least;
  // A step shows in all the changes around it: it lies where it is largest.
  let at = changes.findLastIndex(isStep);
  if (at < 0) return all;
  for (let i = at; i >= 0 && isStep(changes[i]); i--)
    if (Math.abs((changes[i] ?? 0) - middle) > Math.abs((changes[at] ?? 0) - middle)) at = i;
  return all.slice(at + beside);
}

/** What will be reached within a time. The alert's value is in how many seconds. */
export const judgeForecast: Judge<Forecast> = async ({
  expr,
  detect,
  grid,
  ask,
  signal,
}): Promise<Judged> => {
  const [over, within] = [parseDuration(detect.over), parseDuration(detect.within)];
  const step = Math.max(1000, Math.round(over / points));
  const past = alignedGrid(grid.start - over, timeAt(grid, grid.count - 1), step);
  const before = new Map(
    (await columnsOf(ask, { expr, grid: past }, signal)).map((column) => [labelsKey(column.labels), column]),
  );
  const judged: Judged = { wrong: [], drawn: [] };
  for (const column of await columnsOf(ask, { expr, grid }, signal)) {
    const lasting = before.get(labelsKey(column.labels));
    const wrong = emptyColumn(column.labels, grid.count);
    const now = new Float64Array(grid.count).fill(Number.NaN);
    let held: { slot: number; seconds: number | undefined } | undefined;
    for (let i = 0; i < grid.count; i++) {
      if (!column.present[i] || !lasting) continue;
      const slot = Math.floor(timeAt(grid, i) / step);
      if (held?.slot !== slot)
        held = { slot, seconds: reachesIn(pointsBefore(lasting, past, { slot, over }), detect) };
      if (held.seconds === undefined || held.seconds * 1000 > within) continue;
      wrong.values[i] = held.seconds;
      wrong.present[i] = 1;
      now[i] = column.values[i] ?? Number.NaN;
    }
    if (wrong.present.includes(1)) judged.wrong.push({ ...wrong, facts: { now } });
    judged.drawn.push(drawnOf(column, detect));
  }
  return judged;
};

function pointsBefore(
  column: Column,
  past: Grid,
  { slot, over }: { slot: number; over: number },
): readonly Point[] {
  const end = Math.round((slot * past.step - past.start) / past.step);
  const start = Math.max(0, end - Math.round(over / past.step) + 1);
  const found: Point[] = [];
  for (let i = start; i <= end; i++) {
    const value = column.values[i] ?? Number.NaN;
    if (column.present[i] && Number.isFinite(value)) found.push({ at: timeAt(past, i) / 1000, value });
  }
  const [first, last] = [found[0], found.at(-1)];
  // A short past says little of a long future.
  return first && last && (last.at - first.at) * 1000 >= over / 3 ? found : [];
}

function drawnOf(column: Column, { reaches, towards }: Forecast) {
  const none = new Float64Array(column.values.length).fill(Number.NaN);
  const limit = new Float64Array(column.values.length).fill(reaches);
  const [lower, upper] = towards === "down" ? [limit, none] : [none, limit];
  return { labels: column.labels, values: column.values, lower, upper };
}

import type { Clock } from "@havn/model";
import { gaps, type Schedule, type Segment } from "./schedule.ts";

/** A schedule that leaves times in which only its fallback is asked. */
export interface Uncovered {
  environment: string;
  schedule: string;
  from: number;
  fallback: string;
  /** When the first one begins, as people of the zone read it. */
  text: string;
  count: number;
}

const dayMs = 86_400_000;
/** So long before it comes people are told. */
const noticeMs = 7 * dayMs;
/** Zones cost time, and shifts are not counted in seconds. */
const freshMs = 30_000;

/** What is uncovered within the next week; looked at again every half a minute. */
export function createUncovered(
  schedules: () => { environment: string; schedule: Schedule }[],
  clock: Clock,
): () => Uncovered[] {
  let seen: { at: number; found: Uncovered[] } | undefined;
  return () => {
    const now = clock.now();
    if (seen && now >= seen.at && now - seen.at < freshMs) return seen.found;
    const found = schedules().flatMap(({ environment, schedule }) => {
      const all = gaps(schedule, now, now + noticeMs);
      const [first] = all;
      if (!first) return [];
      const { from, person } = first;
      const text = gapText(first, { now, horizon: now + noticeMs, zone: schedule.zone });
      return [{ environment, schedule: schedule.name, from, fallback: person, text, count: all.length }];
    });
    seen = { at: now, found };
    return found;
  };
}

/** What a plan says of a schedule that leaves gaps within the next four weeks. */
export function gapWarnings(schedule: Schedule, now: number): { summary: string; detail: string }[] {
  const horizon = now + 28 * dayMs;
  const all = gaps(schedule, now, horizon);
  const [first] = all;
  if (!first) return [];
  return [
    {
      summary: `Schedule ${schedule.name} has nobody on call ${gapText(first, { now, horizon, zone: schedule.zone })}`,
      detail: `${all.length === 1 ? "Then" : `Then, and ${all.length - 1} times more within four weeks,`} its fallback ${schedule.fallback} is asked. Give a layer no \`until\`, or add one for those hours.`,
    },
  ];
}

function gapText(
  { from, to }: Segment,
  { now, horizon, zone }: { now: number; horizon: number; zone: string },
): string {
  const read = (at: number) =>
    `${new Date(at).toLocaleString("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" })} (${zone})`;
  const begin = from <= now ? "now" : `from ${read(from)} on`;
  return to >= horizon ? begin : `${begin}, until ${read(to)}`;
}

import { endAt, startAt, startOfDay, wallOf } from "./zone.ts";

/** Who is on call when. Times of layers are wall times of the zone (see zone.ts), all others instants. */
export interface Schedule {
  name: string;
  zone: string;
  /** Where several have someone, the last one counts. */
  layers: readonly Layer[];
  overrides: readonly Override[];
  swaps: readonly Swap[];
  /** Whoever is on call when nobody else is. */
  fallback: string;
}

export interface Layer {
  name: string;
  people: readonly string[];
  /** Begin of the first person's first shift, and so the wall time of every hand-off. */
  start: number;
  /** After it nobody of this layer is on call. */
  until?: number | undefined;
  /** A shift's length in wall time. */
  shift: { unit: "hour" | "day" | "week"; count: number };
  /** Only then; always where left out. */
  windows?: readonly Window[] | undefined;
}

/** Every day, or on these days of the week (0 is Sunday). Minutes of the day; an end not after the start is the next day's. */
export interface Window {
  weekdays?: readonly number[] | undefined;
  start: number;
  end: number;
}

/** `person` takes the whole schedule from `from` to `to`. The last one made counts. */
export interface Override {
  id: string;
  from: number;
  to: number;
  person: string;
}

/** Where a layer has `out`, `person` stands in. */
export interface Swap extends Override {
  out: string;
}

export type Source =
  | { kind: "override"; id: string }
  | { kind: "swap"; id: string; out: string }
  | { kind: "layer"; layer: string }
  | { kind: "fallback" };

export interface OnCall {
  person: string;
  source: Source;
}

export interface Segment extends OnCall {
  from: number;
  to: number;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;
const dayMs = 86_400_000;
const lengths = { hour: hourMs, day: dayMs, week: 7 * dayMs };

/** Exactly one person, always: override before swap before layer before fallback. */
export function onCallAt(schedule: Schedule, at: number): OnCall {
  const override = schedule.overrides.findLast(({ from, to }) => from <= at && at < to);
  if (override) return { person: override.person, source: { kind: "override", id: override.id } };
  const layer = schedule.layers.findLast((one) => isActive(schedule.zone, one, at));
  const person = layer && personOf(schedule.zone, layer, at);
  if (!layer || person === undefined) return { person: schedule.fallback, source: { kind: "fallback" } };
  const swap = schedule.swaps.findLast(({ from, to, out }) => from <= at && at < to && out === person);
  if (swap) return { person: swap.person, source: { kind: "swap", id: swap.id, out: person } };
  return { person, source: { kind: "layer", layer: layer.name } };
}

function isActive(zone: string, { people, start, until, windows }: Layer, at: number): boolean {
  if (people.length === 0 || at < startAt(zone, start)) return false;
  if (until !== undefined && at >= endAt(zone, until)) return false;
  return windows === undefined || windows.some((window) => isWithin(zone, window, at));
}

function isWithin(zone: string, window: Window, at: number): boolean {
  // A zone may leave out a whole day, so neighbours of neighbours count too.
  const today = startOfDay(wallOf(zone, at));
  return [-2, -1, 0, 1, 2].some((days) => {
    const found = windowOn(zone, window, today + days * dayMs);
    return found !== undefined && found.from <= at && at < found.to;
  });
}

function windowOn(
  zone: string,
  { weekdays, start, end }: Window,
  day: number,
): { from: number; to: number } | undefined {
  if (weekdays && !weekdays.includes(new Date(day).getUTCDay())) return undefined;
  const nextDay = end <= start ? dayMs : 0;
  return { from: startAt(zone, day + start * minuteMs), to: endAt(zone, day + end * minuteMs + nextDay) };
}

/** Hand-offs are single moments: the first at which their wall time is reached. */
function personOf(zone: string, layer: Layer, at: number): string | undefined {
  const length = lengths[layer.shift.unit] * layer.shift.count;
  let index = Math.floor((wallOf(zone, at) - layer.start) / length);
  // A wall time that comes a second time is past its hand-off already.
  while (startAt(zone, layer.start + (index + 1) * length) <= at) index++;
  return layer.people[Math.max(index, 0) % layer.people.length];
}

/** The whole truth from `from` to `to`: no gaps, no overlaps, neighbours differ, and each says why. */
export function segments(schedule: Schedule, from: number, to: number): Segment[] {
  const moments = new Set<number>([from]);
  const add = (at: number) => {
    if (at > from && at < to) moments.add(at);
  };
  for (const one of [...schedule.overrides, ...schedule.swaps]) {
    add(one.from);
    add(one.to);
  }
  for (const layer of schedule.layers) for (const at of momentsOf(schedule.zone, layer, from, to)) add(at);
  const found: Segment[] = [];
  for (const at of [...moments].sort((left, right) => left - right)) {
    const last = found.at(-1);
    const now = onCallAt(schedule, at);
    if (last && last.person === now.person && sameSource(last.source, now.source)) continue;
    if (last) last.to = at;
    found.push({ from: at, to, ...now });
  }
  return found;
}

const sameSource = (left: Source, right: Source) => JSON.stringify(left) === JSON.stringify(right);

/** Every moment of the layer at which something may change. */
function momentsOf(zone: string, layer: Layer, from: number, to: number): number[] {
  const length = lengths[layer.shift.unit] * layer.shift.count;
  const [firstWall, lastWall] = [wallOf(zone, from) - 2 * dayMs, wallOf(zone, to) + 2 * dayMs];
  const moments = [startAt(zone, layer.start)];
  if (layer.until !== undefined) moments.push(endAt(zone, layer.until));
  const first = Math.max(0, Math.floor((firstWall - layer.start) / length));
  for (let wall = layer.start + first * length; wall <= lastWall; wall += length)
    moments.push(startAt(zone, wall));
  for (const window of layer.windows ?? [])
    for (let day = startOfDay(firstWall); day <= lastWall; day += dayMs) {
      const found = windowOn(zone, window, day);
      if (found) moments.push(found.from, found.to);
    }
  return moments;
}

/** Times in which only the fallback is on call: told to people before they come. */
export const gaps = (schedule: Schedule, from: number, to: number): Segment[] =>
  segments(schedule, from, to).filter(({ source }) => source.kind === "fallback");

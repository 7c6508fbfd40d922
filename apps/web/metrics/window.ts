/** What stretch of time is looked at. Seconds since the epoch. */
export type TimeChoice = { kind: "last"; seconds: number } | { kind: "fixed"; start: number; end: number };

/** The moments that are asked for: `start`, `start + step`, … up to `end`. All in seconds. */
export interface Window {
  start: number;
  end: number;
  step: number;
}

const niceSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

/** A round step that gives at most `points` moments over `seconds`. */
export function stepFor(seconds: number, points: number, least = 1): number {
  const wanted = Math.max(seconds / Math.max(1, points), least);
  return niceSteps.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
}

/** Moments lie on multiples of the step, so that points stay where they are from one refresh to the next. */
export function windowOf(
  choice: TimeChoice,
  given: { now: number; points: number; step?: number | undefined; least?: number | undefined },
): Window {
  const [from, to] =
    choice.kind === "last" ? [given.now - choice.seconds, given.now] : [choice.start, choice.end];
  const step = given.step ?? stepFor(to - from, given.points, given.least);
  const end = Math.max(Math.floor(to / step) * step, Math.ceil(from / step) * step);
  const start = Math.min(Math.ceil(from / step) * step, end);
  // The server refuses more than 11,000 moments: a step that was chosen too small gives way.
  return (end - start) / step > 11_000
    ? windowOf(choice, { ...given, step: stepFor(to - from, 10_000, step) })
    : { start, end, step };
}

export const momentsOf = ({ start, end, step }: Window): number[] =>
  Array.from({ length: Math.floor((end - start) / step + 1e-9) + 1 }, (_, n) => start + n * step);

const unitSeconds: Record<string, number> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** `1h30m` or `90` → seconds; undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+(ms|[smhdwy]))+$/.test(trimmed)) return undefined;
  let seconds = 0;
  for (const [, count, unit = "s"] of trimmed.matchAll(/(\d+)(ms|[smhdwy])/g))
    seconds += Number(count) * (unitSeconds[unit] ?? 0);
  return seconds;
}

/** 5400 → `1h30m`, as PromQL and addresses write it. */
export function writeSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))}ms`;
  let rest = Math.round(seconds);
  let text = "";
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(rest / length);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * length;
  }
  return text || "0s";
}

import { z } from "zod";

const unitMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Milliseconds of `"1h30m"`, `"15s"`, `"250ms"`; undefined where the text is no duration. Syntax as in Prometheus. */
export function findDuration(text: string): number | undefined {
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
    total += Number(count) * (unitMs[unit ?? ""] ?? 0);
  return total;
}

export function parseDuration(text: string): number {
  const milliseconds = findDuration(text);
  if (milliseconds === undefined)
    throw new TypeError(`"${text}" is not a duration. Write for example "15s", "5m" or "1h30m".`);
  return milliseconds;
}

/** `90_000` → `"1m30s"`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  let rest = Math.round(milliseconds);
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = unitMs[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** A duration written as text, kept as text: graphs stay readable; whoever uses it parses it. */
export const durationText = z.string().refine((text) => findDuration(text) !== undefined, {
  message: 'expected a duration such as "15s", "5m" or "1h30m"',
});

/** What timers wait for: Node's take 1 ms up to 2³¹ − 1 ms. */
export const timerText = durationText.refine(
  (text) => {
    const milliseconds = findDuration(text) ?? 1;
    return milliseconds >= 1 && milliseconds < 2 ** 31;
  },
  { message: "expected a duration from 1ms to 24d" },
);

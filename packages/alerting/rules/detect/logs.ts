import { type AlertDetect, parseDuration } from "@havn/model";
import { emptyColumn, type Grid, type Judged, notGiven } from "../ask.ts";
import type { Judge } from "./detector.ts";

type Logs = Extract<AlertDetect, { kind: "logs" }>;

/** Spans that a window of a replay is made of; a window that is shorter than a step is counted by itself. */
const leastSpans = 1;

/** More lines than so many within a while, of one service and host. The alert's value is how many. */
export const judgeLogs: Judge<Logs> = async ({ environment, detect, grid, ask, signal }): Promise<Judged> => {
  if (!ask.logs) throw notGiven("logs");
  const { over, above, contains, severity, service, host } = detect;
  const overMs = parseDuration(over);
  const lines = { environment, contains, severity, service, host };
  if (grid.count === 1) {
    const span = { start: grid.start - overMs, step: overMs, count: 1 };
    return judgedOf(await ask.logs(lines, span, signal), { grid, spans: 1, before: 0, above });
  }
  const spans = Math.max(leastSpans, Math.round(overMs / grid.step));
  const whole: Grid = { ...grid, start: grid.start - spans * grid.step, count: grid.count + spans - 1 };
  return judgedOf(await ask.logs(lines, whole, signal), { grid, spans, before: spans - 1, above });
};

function judgedOf(
  found: readonly { labels: Readonly<Record<string, string>>; counts: Float64Array }[],
  { grid, spans, before, above }: { grid: Grid; spans: number; before: number; above: number },
): Judged {
  const judged: Judged = { wrong: [], drawn: [] };
  for (const { labels, counts } of found) {
    const wrong = emptyColumn(labels, grid.count);
    const values = new Float64Array(grid.count);
    let sum = 0;
    for (let i = 0; i < before; i++) sum += counts[i] ?? 0;
    for (let i = 0; i < grid.count; i++) {
      sum += counts[i + before] ?? 0;
      if (i > 0) sum -= counts[i + before - spans] ?? 0;
      values[i] = sum;
      if (sum <= above) continue;
      wrong.values[i] = sum;
      wrong.present[i] = 1;
    }
    if (wrong.present.includes(1)) judged.wrong.push(wrong);
    const upper = new Float64Array(grid.count).fill(above);
    judged.drawn.push({ labels, values, lower: new Float64Array(grid.count).fill(Number.NaN), upper });
  }
  return judged;
}

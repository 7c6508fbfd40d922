import type { AlertDetect } from "@havn/model";
import { columnsOf, emptyColumn, type Judged } from "../ask.ts";
import { needed } from "./band.ts";
import type { Judge } from "./detector.ts";
import { historyOf } from "./history.ts";

type Ratio = Extract<AlertDetect, { kind: "ratio" }>;

/** Values that are so many times what was usual at this time of the season. The alert's value is how many times. */
export const judgeRatio: Judge<Ratio> = async ({ expr, detect, grid, ask, signal }): Promise<Judged> => {
  const { above = Number.POSITIVE_INFINITY, below = Number.NEGATIVE_INFINITY } = detect;
  const usualAt = await historyOf(ask, { expr, grid, seasons: detect }, signal);
  const judged: Judged = { wrong: [], drawn: [] };
  for (const column of await columnsOf(ask, { expr, grid }, signal)) {
    const unknown = () => new Float64Array(grid.count).fill(Number.NaN);
    const wrong = emptyColumn(column.labels, grid.count);
    const [lower, upper, median, now] = [unknown(), unknown(), unknown(), unknown()];
    for (let i = 0; i < grid.count; i++) {
      const usual = column.present[i] ? usualAt(column, i) : undefined;
      // Nothing is so many times zero.
      if (!usual || usual.median === 0 || usual.seasons < needed(detect.seasons)) continue;
      const value = column.values[i] ?? Number.NaN;
      [median[i], now[i]] = [usual.median, value];
      lower[i] = Number.isFinite(below) ? usual.median * below : Number.NaN;
      upper[i] = Number.isFinite(above) ? usual.median * above : Number.NaN;
      const ratio = value / usual.median;
      if (!(ratio > above || ratio < below)) continue;
      wrong.values[i] = ratio;
      wrong.present[i] = 1;
    }
    if (wrong.present.includes(1)) judged.wrong.push({ ...wrong, facts: { median, now, lower, upper } });
    judged.drawn.push({ labels: column.labels, values: column.values, lower, upper });
  }
  return judged;
};

import type { AlertDetect } from "@havn/model";
import { columnsOf, emptyColumn, type Judged } from "../ask.ts";
import type { Judge } from "./detector.ts";
import { historyOf, type Usual } from "./history.ts";

type Band = Extract<AlertDetect, { kind: "band" }>;

/** Where a value usually lies: the median ± so many deviations, and never closer than `tolerance` of the median. */
export function bandOf(
  usual: Usual,
  { deviations, tolerance }: Pick<Band, "deviations" | "tolerance">,
): { lower: number; upper: number } {
  const half = Math.max(deviations * usual.deviation, tolerance * Math.abs(usual.median));
  return { lower: usual.median - half, upper: usual.median + half };
}

/** Nothing is unusual before half of the seasons are known. */
export const needed = (seasons: number): number => Math.max(1, Math.ceil(seasons / 2));

/** Values outside of what was usual at this time of the season. */
export const judgeBand: Judge<Band> = async ({ expr, detect, grid, ask, signal }): Promise<Judged> => {
  const usualAt = await historyOf(ask, { expr, grid, seasons: detect }, signal);
  const judged: Judged = { wrong: [], drawn: [] };
  for (const column of await columnsOf(ask, { expr, grid }, signal)) {
    const unknown = () => new Float64Array(grid.count).fill(Number.NaN);
    const wrong = emptyColumn(column.labels, grid.count);
    const [lower, upper, median] = [unknown(), unknown(), unknown()];
    let any = false;
    for (let i = 0; i < grid.count; i++) {
      const value = column.values[i] ?? Number.NaN;
      const usual = column.present[i] ? usualAt(column, i) : undefined;
      if (!usual || usual.seasons < needed(detect.seasons)) continue;
      const band = bandOf(usual, detect);
      [lower[i], upper[i], median[i]] = [band.lower, band.upper, usual.median];
      const outside =
        (value < band.lower && detect.side !== "above") || (value > band.upper && detect.side !== "below");
      if (!outside) continue;
      wrong.values[i] = value;
      wrong.present[i] = 1;
      any = true;
    }
    if (any) judged.wrong.push({ ...wrong, facts: { lower, upper, median } });
    judged.drawn.push({ labels: column.labels, values: column.values, lower, upper });
  }
  return judged;
};

import { type AlertDetect, type Labels, labelsKey } from "@havn/model";
import { columnsOf, emptyColumn, type Judged, notGiven } from "../ask.ts";
import type { Judge } from "./detector.ts";

type Expected = Extract<AlertDetect, { kind: "expected" }>;

const namedBy = { hosts: "host", instances: "service", targets: "job" } as const;

/** What the graph says there should be, and no series of the expression tells of. */
export const judgeExpected: Judge<Expected> = async ({
  environment,
  expr,
  detect,
  grid,
  ask,
  signal,
}): Promise<Judged> => {
  if (!ask.expected) throw notGiven(detect.of);
  const all = await ask.expected(environment, detect.of);
  const wanted = all.filter(
    (labels) => detect.only === undefined || detect.only.includes(labels[namedBy[detect.of]] ?? ""),
  );
  const missing = new Map(
    wanted.map((labels) => [labelsKey(labels), { ...emptyColumn(labels, grid.count), labels }]),
  );
  for (const column of missing.values()) {
    column.values.fill(0);
    column.present.fill(1);
  }
  const names = Object.keys(wanted[0] ?? {});
  for (const column of await columnsOf(ask, { expr, grid }, signal)) {
    const there = missing.get(labelsKey(pick(column.labels, names)));
    if (!there) continue;
    for (let i = 0; i < grid.count; i++) if (column.present[i]) there.present[i] = 0;
  }
  return { wrong: [...missing.values()].filter(({ present }) => present.includes(1)), drawn: [] };
};

const pick = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(names.map((name) => [name, labels[name] ?? ""]));

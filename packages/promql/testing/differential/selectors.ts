import type { Chance } from "./chance.ts";
import type { Making } from "./generate.ts";

/**
 * A selector of the dataset's series: by name, by a pattern of names, or by labels alone; at times of none. Native
 * histograms are left out: version 2.42 takes them for zeros nearly everywhere.
 */
export function selector({ chance, dataset }: Making): string {
  const numbers = dataset.series.filter(({ histograms }) => !histograms);
  const series = chance.pick(numbers as [Dataset, ...Dataset[]]);
  const { __name__: name = "", ...labels } = series.labels;
  const matchers = chance
    .some(Object.entries(labels), 22)
    .map(([label, value]) => matcher(chance, label, value));
  if (chance.percent(3)) matchers.push(chance.pick(['missing=""', 'job=~".*"', 'missing!="x"', 'job!~""']));
  return chance.weighted<() => string>([
    [88, () => name + (matchers.length > 0 ? `{${matchers.join(", ")}}` : "")],
    [6, () => `{${[`__name__=~"${pattern(chance, name)}"`, '__name__!~"rpc_.*"', ...matchers].join(", ")}}`],
    [3, () => `{${[`__name__="${name}"`, ...matchers].join(",")}}`],
    [3, () => `nothing${matchers.length > 0 ? `{${matchers.join(", ")}}` : ""}`],
  ])();
}

type Dataset = Making["dataset"]["series"][number];

function matcher(chance: Chance, label: string, value: string): string {
  const quoted = JSON.stringify(value);
  return chance.weighted([
    [45, `${label}=${quoted}`],
    [20, `${label}!=${quoted}`],
    [20, `${label}=~${JSON.stringify(pattern(chance, value))}`],
    [15, `${label}!~${JSON.stringify(pattern(chance, value))}`],
  ]);
}

/** A regular expression that the value matches, or nearly. */
function pattern(chance: Chance, value: string): string {
  const escaped = value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return chance.pick([
    escaped,
    `${escaped}|zzz`,
    `${[...value][0]?.replace(/\W/, ".") ?? ""}.*`,
    `.*${[...value].at(-1)?.replace(/\W/, ".") ?? ""}`,
    `.{${value.length}}`,
    ".+",
    `(?i:${escaped.toUpperCase()})`,
  ]);
}

import { formatLocation, type PropertyChange } from "@havn/model";
import type { ExplainedDependency, ExplainedResource } from "@havn/plan";
import type { ExplainedData } from "../config/evaluate.ts";
import { alignColumns, printable, type Style } from "../kit/style.ts";

type Setting = ExplainedData["settings"][number];

const strategies: Record<Setting["strategy"], string> = {
  first: "the most specific layer wins",
  deep: "objects are merged key by key",
  unique: "lists are joined, each item once",
};

export const settingsView = (settings: readonly Setting[], style: Style): string =>
  settings.map((setting) => settingView(setting, style)).join("\n\n");

function settingView({ key, strategy, value, layers }: Setting, style: Style): string {
  const rows = layers.map(({ layer, at, value: said, effect }) => [
    `  ${effect === "wins" ? style.green("▸") : " "}`,
    printable(layer),
    effect === "overridden" ? style.dim(shown(said)) : shown(said),
    style.dim(formatLocation(at)),
    effect === "wins" ? style.green(effect) : style.dim(effect),
  ]);
  const head = `${style.bold(printable(key))} = ${shown(value)}  ${style.dim(`(${strategies[strategy]})`)}`;
  return [head, ...alignColumns(rows)].join("\n");
}

const shown = (value: unknown): string => printable(JSON.stringify(value) ?? "nothing");

export function resourceView(
  { resource, properties, needs, neededBy, drift }: ExplainedResource & { drift?: PropertyChange[] },
  style: Style,
): string {
  const { address, location } = resource;
  return [
    style.bold(printable(address)),
    `  declared at ${location ? formatLocation(location) : "a place that is not known"}`,
    drift
      ? `  ${style.yellow("drifted")}: ${drift.map(({ property }) => property).join(", ")} (see \`havn drift\`)`
      : "  recorded as it was applied last; its host has told of no drift",
    style.bold("Properties"),
    ...alignColumns(
      Object.entries(properties as Record<string, unknown>).map(([key, value]) => [`  ${key}`, shown(value)]),
    ),
    ...dependencies("Needs", needs, style),
    ...dependencies("Needed by", neededBy, style),
  ].join("\n");
}

function dependencies(title: string, all: readonly ExplainedDependency[], style: Style): string[] {
  if (all.length === 0) return [];
  return [
    style.bold(title),
    ...alignColumns(all.map(({ address, reason }) => [`  ${printable(address)}`, style.dim(reason)])),
  ];
}

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
    effect === "overridden" ? style.dim(text(said)) : text(said),
    style.dim(formatLocation(at)),
    effect === "wins" ? style.green(effect) : style.dim(effect),
  ]);
  const head = `${style.bold(printable(key))} = ${text(value)}  ${style.dim(`(${strategies[strategy]})`)}`;
  return [head, ...alignColumns(rows)].join("\n");
}

const text = (value: unknown): string => printable(JSON.stringify(value) ?? "nothing");

export interface ShownResource extends ExplainedResource {
  applied: boolean;
  /** How what is declared now differs from what was applied; absent where it was not looked at. */
  pending?: PropertyChange[] | "removed";
  drift?: PropertyChange[];
}

export function resourceView(shown: ShownResource, style: Style): string {
  const { resource, properties, needs, neededBy } = shown;
  const { address, location } = resource;
  return [
    style.bold(printable(address)),
    `  declared at ${location ? formatLocation(location) : "a place that is not known"}`,
    ...stateLines(shown, style),
    style.bold("Properties"),
    ...alignColumns(
      Object.entries(properties as Record<string, unknown>).map(([key, value]) => [`  ${key}`, text(value)]),
    ),
    ...dependencies("Needs", needs, style),
    ...dependencies("Needed by", neededBy, style),
  ].join("\n");
}

function stateLines({ applied, pending, drift }: ShownResource, style: Style): string[] {
  if (!applied) return [`  ${style.yellow("not applied yet")}: so it is declared`];
  const names = (changes: readonly PropertyChange[]) => changes.map(({ property }) => property).join(", ");
  return [
    drift
      ? `  ${style.yellow("drifted")}: ${names(drift)} (see \`havn drift\`)`
      : "  recorded as it was applied last; its host has told of no drift",
    ...(pending === "removed"
      ? [`  ${style.yellow("no longer declared")}: the next apply removes it`]
      : pending && pending.length > 0
        ? [`  ${style.yellow("declared otherwise now")}: ${names(pending)} (see \`havn plan\`)`]
        : []),
  ];
}

function dependencies(title: string, all: readonly ExplainedDependency[], style: Style): string[] {
  if (all.length === 0) return [];
  return [
    style.bold(title),
    ...alignColumns(all.map(({ address, reason }) => [`  ${printable(address)}`, style.dim(reason)])),
  ];
}

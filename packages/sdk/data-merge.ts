import { describeReferences, isReference, type Location } from "@havn/model";
import { sameValue } from "@havn/plan";
import type { Places } from "./data-places.ts";

/**
 * How the values of several layers become one. `first`: the most specific layer's. `deep`: objects are merged key by
 * key, and a null takes a key out. `unique`: lists are joined, general before specific, each item once; an item
 * `"--name"` takes `name` out.
 */
export type MergeStrategy = "first" | "deep" | "unique";

/** Values of one level, for everything or for one environment, role or host. */
export interface Layer {
  /** As people know it: `organisation`, `role web`, `data/hosts/web-1.yaml`. */
  name: string;
  value: Readonly<Record<string, unknown>>;
  places: Places;
}

/** What one layer says of a setting, and what became of it. */
export interface LayerValue {
  layer: string;
  at: Location;
  value: unknown;
  effect: "wins" | "merged" | "overridden";
}

export interface ExplainedSetting {
  key: string;
  strategy: MergeStrategy;
  value: unknown;
  /** From the most general to the most specific; those that say nothing are left out. */
  layers: LayerValue[];
}

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isReference(value);

/** The settings of all layers, general first, after the shape of `defaults`; each with where it came from. */
export function mergeLayers(
  layers: readonly Layer[],
  strategies: Readonly<Record<string, MergeStrategy>>,
): { value: Record<string, unknown>; settings: ExplainedSetting[] } {
  const settings: ExplainedSetting[] = [];
  const merge = (
    shape: Readonly<Record<string, unknown>>,
    path: readonly string[],
  ): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(shape).map(([name, standard]) => {
        const at = [...path, name];
        const key = at.join(".");
        const strategy = strategies[key];
        // An object with known keys is made of settings; an empty one is a setting, whose keys layers choose.
        if (isPlainObject(standard) && Object.keys(standard).length > 0 && (strategy ?? "deep") === "deep")
          return [name, merge(standard, at)];
        const setting = mergeSetting(layers, at, strategy ?? (isPlainObject(standard) ? "deep" : "first"));
        settings.push(setting);
        return [name, setting.value];
      }),
    );
  const value = merge(layers[0]?.value ?? {}, []);
  return { value, settings: settings.map(shown) };
}

/** References as people may see them: nothing else leaves the evaluation. */
const shown = (setting: ExplainedSetting): ExplainedSetting => ({
  ...setting,
  value: describeReferences(setting.value),
  layers: setting.layers.map((one) => ({ ...one, value: describeReferences(one.value) })),
});

function mergeSetting(
  layers: readonly Layer[],
  path: readonly string[],
  strategy: MergeStrategy,
): ExplainedSetting {
  const said = layers.flatMap(({ name, value, places }) => {
    const found = valueAt(value, path);
    // A symbol marks what has no standard value.
    return found === undefined || typeof found === "symbol"
      ? []
      : [{ layer: name, at: places(path), value: found }];
  });
  const value = combine(
    said.map((one) => one.value),
    strategy,
  );
  const last = said.length - 1;
  const effect = (index: number): LayerValue["effect"] =>
    index === last ? "wins" : strategy === "first" ? "overridden" : "merged";
  return {
    ...{ key: path.join("."), strategy, value },
    layers: said.map((one, index) => ({ ...one, effect: effect(index) })),
  };
}

function combine(values: readonly unknown[], strategy: MergeStrategy): unknown {
  switch (strategy) {
    case "first":
      return values.at(-1);
    case "deep":
      return values.reduce((before, next) => mergeDeep(before, next));
    case "unique":
      return values.reduce<unknown[]>(
        (before, next) => joinUnique(before, Array.isArray(next) ? next : [next]),
        [],
      );
  }
}

function mergeDeep(before: unknown, next: unknown): unknown {
  if (!isPlainObject(before) || !isPlainObject(next)) return next;
  const merged = { ...before };
  for (const [key, value] of Object.entries(next))
    if (value === null) delete merged[key];
    else merged[key] = key in before ? mergeDeep(before[key], value) : value;
  return merged;
}

function joinUnique(before: readonly unknown[], next: readonly unknown[]): unknown[] {
  const removed = next.flatMap((item) =>
    typeof item === "string" && item.startsWith("--") ? [item.slice(2)] : [],
  );
  const joined = before.filter((item) => !removed.some((one) => one === item));
  for (const item of next)
    if (!(typeof item === "string" && item.startsWith("--")) && !joined.some((one) => sameValue(one, item)))
      joined.push(item);
  return joined;
}

export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, part) => (isPlainObject(at) && Object.hasOwn(at, part) ? at[part] : undefined),
    value,
  );
}

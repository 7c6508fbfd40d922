import type { GatheredFact } from "@havn/model";
import { printable, type Style } from "../kit/style.ts";

/** Each value on a line of its own, with the name by which a configuration asks for it. */
export function factsView(facts: readonly GatheredFact[], style: Style): string {
  const lines = facts
    .filter(({ error }) => error === undefined)
    .flatMap(({ name, value }) => valueLines(name, value));
  const width = Math.min(40, Math.max(0, ...lines.map(([name]) => name.length)));
  return lines.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${printable(value)}`).join("\n");
}

function valueLines(name: string, value: unknown): [name: string, value: string][] {
  if (Array.isArray(value) && value.every((one) => typeof one !== "object"))
    return [[name, value.map(String).join(" ")]];
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => valueLines(`${name}.${key}`, inner));
  return [[name, value === undefined ? "(not there)" : String(value)]];
}

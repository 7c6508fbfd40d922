import type { DashboardVariable } from "@havn/model";
import { type Pattern, patternOf } from "./patterns.ts";
import { all, type Chosen, type Variables, valuesOf } from "./template.ts";

/** What the query of a variable asks for. */
export type VariableQuery =
  | { kind: "label values"; label: string; match: string | undefined }
  | { kind: "label names"; match: string | undefined }
  | { kind: "metrics"; pattern: string }
  | { kind: "result"; expr: string }
  | { kind: "series"; match: string };

/** As Grafana writes them; anything else asks for series. */
export function parseVariableQuery(query: string): VariableQuery {
  const text = query.trim();
  const values = /^label_values\(\s*(?:([\s\S]+?)\s*,\s*)?([a-zA-Z_][\w.]*)\s*\)$/.exec(text);
  if (values) return { kind: "label values", label: values[2] ?? "", match: values[1] };
  const names = /^label_names\(\s*([\s\S]*?)\s*\)$/.exec(text);
  if (names) return { kind: "label names", match: names[1] || undefined };
  const metrics = /^metrics\(\s*([\s\S]*?)\s*\)$/.exec(text);
  if (metrics) return { kind: "metrics", pattern: metrics[1] ?? "" };
  const result = /^query_result\(([\s\S]*)\)$/.exec(text);
  if (result) return { kind: "result", expr: result[1]?.trim() ?? "" };
  return { kind: "series", match: text };
}

export interface Option {
  value: string;
  text: string;
}

type QueryVariable = Extract<DashboardVariable, { kind: "query" }>;

/** What is found, as there is to choose from: matched, each once, sorted. */
export function optionsFrom(found: readonly string[], { regex, sort }: QueryVariable): Option[] {
  const pattern = regex === undefined ? undefined : patternOf(regex);
  const options = new Map<string, Option>();
  for (const one of found) {
    const option = pattern ? matched(one, pattern) : { value: one, text: one };
    if (option && !options.has(option.value)) options.set(option.value, option);
  }
  const list = [...options.values()];
  if (sort === "none") return list;
  return sort === "number"
    ? list.sort((a, b) => numberIn(a.text) - numberIn(b.text) || a.text.localeCompare(b.text))
    : list.sort((a, b) => a.text.localeCompare(b.text, undefined, { numeric: true }));
}

function matched(text: string, pattern: Pattern): Option | undefined {
  const found = pattern.find(text);
  if (!found) return undefined;
  const [named, shown] = [found.group("value"), found.group("text")];
  if (named !== undefined || shown !== undefined) {
    const value = named ?? shown ?? "";
    return { value, text: shown ?? value };
  }
  const value = found.group(1) ?? found.whole;
  return { value, text: value };
}

const numberIn = (text: string) => Number(/-?\d+(\.\d+)?/.exec(text)?.[0] ?? Number.POSITIVE_INFINITY);

export const fixedOptions = (variable: DashboardVariable): Option[] => {
  switch (variable.kind) {
    case "custom":
      return variable.options.map((one) => (typeof one === "string" ? { value: one, text: one } : one));
    case "interval":
      return variable.options.map((value) => ({ value, text: value }));
    case "query":
    case "constant":
    case "text":
      return [];
  }
};

/** What is chosen of a variable: as the address says, else as usual, else the first there is. */
export function choose(
  variable: DashboardVariable,
  given: { address: readonly string[]; options: readonly Option[]; autoInterval: string },
): Chosen {
  const { address, options, autoInterval } = given;
  if (variable.kind === "constant") return { values: [variable.value] };
  if (variable.kind === "text") return { values: [address[0] ?? variable.default ?? ""] };
  const known = options.map(({ value }) => value);
  const texts = new Map(options.map(({ value, text }) => [value, text]));
  if (variable.kind === "interval") {
    const value = address[0] ?? variable.default ?? variable.options[0] ?? "auto";
    return { values: [value === "auto" || value.startsWith("$__auto") ? autoInterval : value] };
  }
  const usual = [variable.default ?? []].flat().filter((value) => known.includes(value) || value === all);
  const first = variable.all ? [all] : known.slice(0, 1);
  const chosen = address.length > 0 ? address : usual.length > 0 ? usual : first;
  const values = variable.multi ? chosen : chosen.slice(0, 1);
  return {
    ...{ values: values.includes(all) ? [all] : values, options: known, texts },
    allValue: variable.allValue,
    several: variable.multi === true || variable.all === true,
  };
}

/** What stands in the address for the choices: `var-name`, once a value. */
export function choicesIn(search: URLSearchParams): Map<string, string[]> {
  const choices = new Map<string, string[]>();
  for (const [key, value] of search) {
    if (!key.startsWith("var-")) continue;
    const name = key.slice(4);
    choices.set(name, [...(choices.get(name) ?? []), value === "All" ? all : value]);
  }
  return choices;
}

/** For each value of a variable, the variables with only that one chosen. */
export function eachValue(variables: Variables, name: string): Variables[] {
  const chosen = variables.get(name);
  if (!chosen) return [variables];
  return valuesOf(chosen).map((value) => new Map([...variables, [name, { ...chosen, values: [value] }]]));
}

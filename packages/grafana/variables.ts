import type { DashboardVariable } from "@havn/model";
import { patternOf } from "./fields.ts";
import { cut, given, type Json, list, plainText, record, text, yes } from "./json.ts";
import type { Notes } from "./notes.ts";

const kindsLeftOut: Record<string, string> = {
  adhoc: "ad hoc filters",
  groupby: "a choice of labels to group by",
};

/** Variables of a dashboard; choices of a data source fall away, for there is but one. */
export function variablesOf(templating: unknown, notes: Notes): DashboardVariable[] {
  return list(record(templating).list).flatMap((variable): DashboardVariable[] => {
    const name = text(variable.name);
    if (name === undefined || variable.type === "datasource" || name.startsWith("__")) return [];
    if (!/^\w{1,64}$/.test(name)) {
      notes.add(`Variable "${name}" is left out: a name has letters, digits and underscores`);
      return [];
    }
    const read = readVariable(name, variable);
    if (read) return [read];
    const kind = plainText(variable.type ?? "unknown");
    notes.add(
      `Variable ${name} is left out: Havn has no ${kindsLeftOut[kind] ?? `variables of type ${kind}`}`,
    );
    return [];
  });
}

function readVariable(name: string, variable: Json): DashboardVariable | undefined {
  const label = cut(text(variable.label), 500);
  const hidden = variable.hide === 2 || variable.hide === "hideVariable" ? true : undefined;
  const common = given({ name, label, hidden });
  const current = record(variable.current).value;
  switch (variable.type ?? "query") {
    case "query": {
      const query = queryOf(variable);
      if (query === undefined) return undefined;
      const regex = patternOf(text(variable.regex) ?? "").slice(0, 500) || undefined;
      return given({
        kind: "query" as const,
        ...common,
        ...choiceOf(variable),
        ...{ query, regex },
        sort: sortOf(variable.sort),
      });
    }
    case "custom":
      return { kind: "custom", ...common, ...choiceOf(variable), options: optionsOf(variable) };
    case "switch": {
      const options = list(variable.options).flatMap(({ value }) => cut(text(value), 1_000) ?? []);
      return {
        kind: "custom",
        ...common,
        options: options.length > 0 ? options.slice(0, 500) : ["true", "false"],
      };
    }
    case "interval": {
      const steps = splitList(text(variable.query) ?? "")
        .filter((step) => step !== "auto" && step.length <= 20)
        .slice(0, 49);
      const options = variable.auto === true ? ["auto", ...steps] : steps;
      const chosen = typeof current === "string" && steps.includes(current) ? current : undefined;
      return given({
        kind: "interval" as const,
        ...common,
        options: options.length > 0 ? options : ["auto"],
        default: chosen ?? (variable.auto === true ? "auto" : undefined),
      });
    }
    case "constant":
      return {
        kind: "constant",
        ...common,
        value: plainText(variable.query ?? current ?? "").slice(0, 1_000),
      };
    case "textbox":
      return given({
        kind: "text" as const,
        ...common,
        default: cut(text(current) ?? text(variable.query), 1_000),
      });
    default:
      return undefined;
  }
}

/** Once plain text, then an object around it. */
function queryOf({ query, definition }: Json): string | undefined {
  const inner = record(query);
  return text(query) ?? text(inner.query) ?? text(inner.expr) ?? text(definition);
}

function choiceOf(variable: Json) {
  const { current, allValue, includeAll, multi } = variable;
  const value = record(current).value;
  const chosen = Array.isArray(value)
    ? value.filter((one): one is string => typeof one === "string").slice(0, 500)
    : text(value);
  const everything = Array.isArray(chosen) ? chosen.includes("$__all") : chosen === "$__all";
  return given({
    multi: yes(multi),
    all: yes(includeAll),
    allValue: includeAll === true ? cut(text(allValue), 1_000) : undefined,
    default: everything ? "$__all" : chosen,
  });
}

/** Grafana counts the ways to sort: 1 and 2 by name, 3 and 4 as numbers. */
function sortOf(sort: unknown): "name" | "number" | "none" {
  if (sort === 3 || sort === 4) return "number";
  return sort === 0 || sort === undefined ? "none" : "name";
}

/** `a, b : 2, c` → options with their texts; a comma after a backslash stands in a value. */
function optionsOf(variable: Json) {
  const written = text(variable.query);
  if (written === undefined)
    return list(variable.options)
      .flatMap(({ text: label, value }) =>
        typeof value === "string" && value !== "$__all"
          ? [{ text: plainText(label ?? value).slice(0, 500), value: value.slice(0, 1_000) }]
          : [],
      )
      .slice(0, 500);
  return splitList(written)
    .slice(0, 500)
    .map((part) => {
      const colon = part.search(/\s:\s/);
      return colon < 0
        ? part.slice(0, 1_000)
        : {
            text: part.slice(0, colon).trim().slice(0, 500),
            value: part
              .slice(colon + 2)
              .trim()
              .slice(0, 1_000),
          };
    });
}

const splitList = (written: string): string[] =>
  (written.match(/(?:\\,|[^,])+/g) ?? []).map((part) => part.replace(/\\,/g, ",").trim()).filter(Boolean);

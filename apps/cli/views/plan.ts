import type { Action, Certainty, Plan, PlannedChange, PropertyChange } from "@havn/model";
import { printable, type Style } from "../kit/style.ts";
import { count } from "./words.ts";

/** A plan as a person reads it before saying yes: what changes and how, in order, then the sum. */
export function planView(plan: Plan, style: Style): string {
  const changes = plan.changes.filter((change) => change.action !== "no-op");
  const skipped = plan.changes.flatMap(({ address, skipped: why }) =>
    why === undefined ? [] : [style.dim(`  ${address}  (skipped: ${printable(why)})`)],
  );
  if (changes.length === 0) {
    const wanted = plan.changes.length - skipped.length;
    const same = `${count(wanted, "resource")} of ${style.bold(plan.environment)} ${wanted === 1 ? "is" : "are"} as declared.`;
    const unrecorded =
      plan.unrecorded === undefined
        ? []
        : [
            `${count(plan.unrecorded, "of them is", "of them are")} new: applying notes that and changes nothing.`,
          ];
    return [
      `${style.green("No changes.")} ${same}`,
      ...unrecorded,
      ...(skipped.length > 0 ? ["", ...skipped] : []),
    ].join("\n");
  }
  return [
    `Plan for ${style.bold(plan.environment)}, in order:`,
    ...(plan.resumes === undefined
      ? []
      : [style.dim(`It goes on with ${plan.resumes}: what that did is not done again.`)]),
    "",
    ...changes.flatMap((change) => [...changeLines(change, style), ""]),
    ...(skipped.length > 0 ? [...skipped, ""] : []),
    ...batchLines(plan.batches ?? [], style),
    ...certaintyLines(changes, style),
    summaryLine(plan, style),
  ].join("\n");
}

function batchLines(batches: readonly (readonly string[])[], style: Style): string[] {
  if (batches.length === 0) return [];
  const lines = batches.map((hosts, index) => style.dim(`  ${index + 1}. ${listed(hosts)}`));
  return [`In ${count(batches.length, "batch", "batches")}, one after the other:`, ...lines, ""];
}

const listed = (names: readonly string[]): string =>
  names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");

/** How sure the plan is of what will happen on hosts; nothing where all of it is exact. */
function certaintyLines(changes: readonly PlannedChange[], style: Style): string[] {
  const number = (certainty: Certainty) => changes.filter((change) => change.certainty === certainty).length;
  const [exact, simulated, unknowable] = [number("exact"), number("simulated"), number("unknowable")];
  if (simulated + unknowable === 0) return [];
  const parts = [
    ...(exact > 0 ? [`${exact} exact`] : []),
    ...(simulated > 0 ? [`${simulated} simulated: worked out from what comes before`] : []),
    ...(unknowable > 0 ? [`${unknowable} unknowable before it runs`] : []),
  ];
  return [style.dim(`On hosts: ${parts.join("; ")}.`), ""];
}

function certaintyMark({ certainty }: PlannedChange, style: Style): string {
  switch (certainty) {
    case undefined:
    case "exact":
      return "";
    case "simulated":
      return style.dim("  [simulated]");
    case "unknowable":
      return style.yellow("  [unknowable]");
  }
}

export function summaryLine(plan: Plan, style: Style): string {
  const { create = 0, update = 0, replace = 0, delete: remove = 0, "no-op": same = 0 } = plan.summary;
  const parts = [
    [create, "to create", style.green],
    [update, "to update", style.yellow],
    [replace, "to replace", style.yellow],
    [remove, "to delete", style.red],
  ] as const;
  const said = parts
    .filter(([number]) => number > 0)
    .map(([number, text, paint]) => paint(`${number} ${text}`));
  const rest = same > 0 ? style.dim(`, ${same} as declared`) : "";
  return `${style.bold("Plan:")} ${said.length > 0 ? said.join(", ") : "no changes"}${rest}.`;
}

export function actionSign(action: Action, style: Style): string {
  switch (action) {
    case "create":
      return style.green("+");
    case "update":
      return style.yellow("~");
    case "replace":
      return style.yellow("±");
    case "delete":
      return style.red("-");
    case "no-op":
      return style.dim("=");
  }
}

function changeLines(change: PlannedChange, style: Style): string[] {
  const reason = change.reason ? style.dim(`  (${printable(change.reason)})`) : "";
  return [
    `  ${actionSign(change.action, style)} ${style.bold(change.address)}${certaintyMark(change, style)}${reason}`,
    ...change.changes.flatMap((property) => propertyLines(property, change.action, style)),
  ];
}

/** One property's lines, indented under its resource. */
export function propertyLines(change: PropertyChange, action: Action, style: Style): string[] {
  const { property, before, after, diff } = change;
  if (diff !== undefined) return [`      ${property}:`, ...diffLines(diff, style)];
  if (action === "create")
    return [`      ${property} = ${after === undefined ? unknown(style) : value(after)}`];
  if (action === "delete") return [style.dim(`      ${property} = ${value(before)}`)];
  const was = before === undefined ? style.dim("(unset)") : value(before);
  const becomes = after === undefined ? style.dim("(unset)") : value(after);
  return [`      ${property}: ${was} → ${becomes}`];
}

/** What exists only once it has been made: an address, a process. */
const unknown = (style: Style): string => style.dim("(known after apply)");

/** JSON, but references as they are described ("(secret shop-db)") and long texts by their size. */
function value(raw: unknown): string {
  if (typeof raw !== "string") return raw === undefined ? "(unset)" : shorten(printable(JSON.stringify(raw)));
  if (/^\(.+\)$/.test(raw)) return printable(raw);
  const lines = raw.split("\n").length - (raw.endsWith("\n") ? 1 : 0);
  if (lines > 1) return `${shorten(JSON.stringify(raw.split("\n", 1)[0]))} … (${lines} lines)`;
  return shorten(printable(JSON.stringify(raw)));
}

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 157)}…` : text);

function diffLines(diff: string, style: Style): string[] {
  return diff
    .replace(/\n$/, "")
    .split("\n")
    .filter((line) => !line.startsWith("--- ") && !line.startsWith("+++ "))
    .map((line) => {
      const text = `        ${printable(line)}`;
      if (line.startsWith("+")) return style.green(text);
      if (line.startsWith("-")) return style.red(text);
      return line.startsWith("@@") ? style.cyan(text) : text;
    });
}

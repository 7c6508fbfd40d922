import { formatDuration } from "@havn/model";
import type { RulesAnswer } from "../api/telemetry.ts";
import { alignColumns, printable } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago } from "./words.ts";

/** Groups of rules and how each went. */
export function rulesView({ groups }: RulesAnswer, context: ViewContext): string {
  if (groups.length === 0)
    return 'No rules. Declare them: alert("name", { … }), record("name", { … }), ruleFiles("./rules/*.yml").';
  return groups.map((group) => groupView(group, context)).join("\n\n");
}

type Group = RulesAnswer["groups"][number];

function groupView(group: Group, { style, now }: ViewContext): string {
  const when =
    group.lastEvaluation === null
      ? "not evaluated yet"
      : `${ago(group.lastEvaluation, now)} in ${Math.round(group.durationMs)} ms`;
  const head = `${style.bold(`${group.environment}/${printable(group.group)}`)}  ${printable(group.file)}  every ${formatDuration(group.intervalMs)}, ${when}`;
  const rows = group.rules.map((rule) => {
    const mark = { ok: style.green("●"), err: style.red("✗"), unknown: style.dim("○") }[rule.health];
    const state =
      rule.state === "firing"
        ? style.red("firing")
        : rule.state === "pending"
          ? style.yellow("pending")
          : (rule.state ?? "records");
    const last =
      rule.lastError === "" ? style.dim(shortened(rule.expr)) : style.red(printable(rule.lastError));
    return [`${mark} ${printable(rule.name)}`, state, last];
  });
  const broken = group.broken.map(
    ({ name, line, fault }) =>
      `  ${style.red("✗")} ${printable(name)}  left out, ${printable(group.file)}${line === null ? "" : `:${line}`}: ${printable(fault)}`,
  );
  const warnings = group.rules.flatMap(({ name, warnings: faults }) =>
    faults.map((fault) => `  ${style.yellow("!")} ${printable(name)}: ${printable(fault)}`),
  );
  return [head, ...alignColumns(rows, "  "), ...warnings, ...broken].join("\n");
}

function shortened(expr: string): string {
  const line = printable(expr).replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

import type { Runbook, RunbookRun, RunbookRunState } from "@havn/model";
import type { RunbookRunAnswer } from "../api/runbooks.ts";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago, localTime } from "./words.ts";

export function runbooksView(runbooks: readonly Runbook[], { style, now }: ViewContext): string {
  if (runbooks.length === 0) return "There is no runbook. Declare one with runbook(…) in havn.config.ts.";
  const head = ["RUNBOOK", "STARTED BY", "LAST", "WHAT FOR"].map(style.bold);
  const rows = runbooks.map(({ environment, name, on, at, lastRun, description }) => [
    `${environment}/${name}`,
    [...on.map(({ match }) => match.join(",")), ...(at ? [at.schedule] : []), "people"]
      .map(printable)
      .join("; "),
    lastRun ? `${colored(lastRun.state, style)} ${ago(lastRun.startedAt, now)}` : "never",
    printable(description ?? ""),
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

export function runbookRunsView(runs: readonly RunbookRun[], { style, now }: ViewContext): string {
  if (runs.length === 0) return "No runbook has run.";
  const head = ["RUN", "STATE", "RUNBOOK", "STARTED", "BY", "WHY IT ENDED SO"].map(style.bold);
  const rows = runs.map(({ id, state, dryRun, environment, runbook, startedAt, startedBy, error }) => [
    id.slice(0, 8),
    `${colored(state, style)}${dryRun ? " (dry run)" : ""}`,
    `${environment}/${runbook}`,
    ago(startedAt, now),
    printable(startedBy),
    printable(error ?? ""),
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

export function runbookRunView({ run, steps }: RunbookRunAnswer, context: ViewContext): string {
  const { style } = context;
  const lines = steps.map((step) => runbookStepLine(step, style));
  return [runbookRunsView([run], context), ...lines].join("\n");
}

export function runbookStepLine(step: RunbookRunAnswer["steps"][number], style: Style): string {
  const { name, state, startedAt, outcome, question } = step;
  const mark = { running: "…", waiting: "?", succeeded: style.green("✓"), failed: style.red("✗") }[state];
  const rest = question
    ? style.yellow(
        `${printable(question.text)} (${question.choices.map(printable).join(" or ") || "any answer"}${question.people ? `, asked of ${question.people.map(printable).join(", ") || "nobody"}` : ""}, until ${localTime(question.until)})`,
      )
    : printable(outcome ?? "");
  return `  ${localTime(startedAt)} ${mark} ${printable(name)}${rest === "" ? "" : `: ${rest}`}`;
}

function colored(state: RunbookRunState, style: Style): string {
  switch (state) {
    case "succeeded":
      return style.green(state);
    case "running":
    case "stopped":
    case "held":
      return state;
    case "waiting":
      return style.yellow(state);
    case "failed":
    case "refused":
      return style.red(state);
  }
}

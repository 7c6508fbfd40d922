import {
  type Apply,
  type ApplyStep,
  type ApplyWait,
  countSteps,
  type Plan,
  type PlannedChange,
} from "@havn/model";
import { shortId } from "../flows/applies.ts";
import { printable, type Style } from "../kit/style.ts";
import { actionSign, propertyLines } from "./plan.ts";
import { ago, count, elapsed, localTime } from "./words.ts";

/** One line an apply, the newest first. */
export function appliesView(applies: readonly Apply[], style: Style, now: number): string {
  const rows = applies.map((apply) => [
    shortId(apply.id),
    apply.environment,
    apply.kind,
    paintState(apply, style),
    changesOf(apply),
    apply.endedAt === undefined ? "" : elapsed(apply.endedAt - apply.startedAt),
    ago(apply.startedAt, now),
    apply.actor,
  ]);
  const plain = applies.map(({ state }, index) =>
    (rows[index] ?? []).map((cell, at) => (at === 3 ? state : cell)),
  );
  const widths = (plain[0] ?? []).map((_, at) => Math.max(...plain.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row, index) =>
      row
        .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - (plain[index]?.[at]?.length ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const changesOf = (apply: Apply): string => {
  const counts = countSteps(apply);
  const all = Object.values(counts).reduce((sum, one) => sum + one, 0);
  return `${count(all, "change")}${counts.failed ? `, ${counts.failed} failed` : ""}`;
};

function paintState({ state }: Pick<Apply, "state">, style: Style): string {
  switch (state) {
    case "succeeded":
      return style.green(state);
    case "failed":
      return style.red(state);
    case "running":
      return style.cyan(state);
    case "cancelled":
      return style.dim(state);
  }
}

/** One apply: who, when, from what, and each resource with what became of it, how long it took, and what differed. */
export function applyView(apply: Apply, plan: Plan | undefined, style: Style): string {
  const took = apply.endedAt === undefined ? "" : ` in ${elapsed(apply.endedAt - apply.startedAt)}`;
  const planned = new Map(plan?.changes.map((change) => [change.address, change]));
  return [
    `${style.bold(apply.id)}: ${apply.kind} of ${style.bold(apply.environment)}, ${paintState(apply, style)}${took}`,
    `  by ${apply.actor}, ${localTime(apply.startedAt)}${apply.planId ? `, from ${apply.planId}` : ""}`,
    ...(apply.error ? [`  ${printable(apply.error)}`] : []),
    ...(apply.waits ?? []).map((wait) => style.dim(`  ${printable(waitView(wait))}`)),
    "",
    ...apply.steps.flatMap((step) => stepLines(step, planned.get(step.address), style)),
    sumOf(apply),
  ].join("\n");
}

function waitView({ host, for: what, actor, since, until }: ApplyWait): string {
  const time = until === undefined ? `since ${localTime(since)}` : elapsed(until - since);
  return `waited on ${host} for ${what}${actor === undefined ? "" : ` of ${actor}`}, ${time}`;
}

function stepLines(step: ApplyStep, change: PlannedChange | undefined, style: Style): string[] {
  const took = durationOf(step);
  const why = change?.reason ? style.dim(`  (${printable(change.reason)})`) : "";
  const time = took === undefined ? "" : style.dim(` ${elapsed(took)}`);
  return [
    `  ${actionSign(step.action, style)} ${style.bold(step.address)} ${becameOf(step, style)}${time}${why}`,
    ...(step.error
      ? printable(step.error)
          .split("\n")
          .map((line) => style.red(`      ${line}`))
      : []),
    ...(step.detail && step.state !== "running" ? [style.dim(`      ${printable(step.detail)}`)] : []),
    ...(change?.changes ?? []).flatMap((property) => propertyLines(property, step.action, style)),
  ];
}

/** What it took on its host, else in all. */
const durationOf = ({ durationMs, startedAt, endedAt }: ApplyStep): number | undefined =>
  durationMs ?? (startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined);

function becameOf({ state, outcome }: ApplyStep, style: Style): string {
  switch (state) {
    case "done":
      return outcome === "unchanged" ? style.dim("unchanged") : style.green("changed");
    case "failed":
      return style.red("failed");
    case "skipped":
    case "waiting":
    case "running":
      return style.dim(state);
  }
}

function sumOf({ steps }: Apply): string {
  const became = Map.groupBy(steps, ({ state, outcome }) =>
    state === "done" ? (outcome === "unchanged" ? "unchanged" : "changed") : state,
  );
  const said = [...became].map(([name, of]) => `${of.length} ${name}`);
  return said.length > 0 ? `\n${said.join(", ")}` : "Nothing was to be changed.";
}

import type { Apply, ApplyStep, ApplyWait } from "@havn/model";
import { printable, type Style } from "../kit/style.ts";
import { actionSign } from "./plan.ts";
import { count, elapsed } from "./words.ts";

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
export const spinnerAt = (now: number): string => spinner[Math.floor(now / 100) % spinner.length] ?? "⠋";

export interface ProgressContext {
  style: Style;
  now: number;
  /** Lines that fit on the screen. */
  rows: number;
}

/** An apply under way, drawn in place: every step while there is room, else those that matter now. */
export function progressTree(apply: Apply, { style, now, rows }: ProgressContext): string[] {
  const steps = apply.steps.filter((step) => step.action !== "no-op");
  const shown = steps.length <= rows ? steps : important(steps, rows - 1);
  const lines = [
    ...batchLine(apply, style),
    ...waitLines(apply, style, now),
    ...shown.map((step) => stepLine(step, style, now)),
  ];
  if (shown.length < steps.length) {
    const done = steps.filter((step) => step.state === "done").length;
    const waiting = steps.filter((step) => step.state === "waiting").length;
    lines.push(style.dim(`  ${done} of ${count(steps.length, "step")} done, ${waiting} waiting`));
  }
  return lines;
}

/** Where in its batches it is; nothing where all hosts go at the same time. */
function batchLine({ batches = [] }: Apply, style: Style): string[] {
  const at = batches.findIndex(({ state }) => state === "running" || state === "gate");
  const batch = batches[at];
  if (!batch) return [];
  const waits =
    batch.state === "gate"
      ? `waits at its gate${batch.detail ? `: ${printable(batch.detail)}` : ""}`
      : batch.hosts.join(", ");
  return [style.bold(`  Batch ${at + 1} of ${batches.length}: `) + waits];
}

const whatFor = (wait: ApplyWait): string =>
  `${wait.host} is still at work on ${wait.for}${wait.actor === undefined ? "" : ` of ${wait.actor}`}`;

/** Hosts that have not begun yet, since they are at work on something else. */
function waitLines({ waits = [] }: Apply, style: Style, now: number): string[] {
  return waits
    .filter(({ until }) => until === undefined)
    .map((wait) => style.yellow(`  Waits: ${printable(whatFor(wait))}, ${elapsed(now - wait.since)}`));
}

/** Plain lines for waits that began or ended between two looks at an apply. */
function waitProgress(before: Apply, after: Apply): string[] {
  const known = (wait: ApplyWait) =>
    before.waits?.find((one) => one.host === wait.host && one.since === wait.since);
  return (after.waits ?? []).flatMap((wait) => {
    const was = known(wait);
    if (wait.until === undefined) return was ? [] : [`waits: ${printable(whatFor(wait))}`];
    if (!was || was.until !== undefined) return [];
    return [`${printable(wait.host)} goes on after ${elapsed(wait.until - wait.since)}`];
  });
}

/** Plain lines for batches that went on between two looks at an apply. */
function batchProgress(before: Apply, after: Apply): string[] {
  const all = after.batches ?? [];
  return all.flatMap((batch, index) => {
    const was = before.batches?.[index];
    if (batch.state === "waiting" || (was?.state === batch.state && was.detail === batch.detail)) return [];
    const what = `batch ${index + 1} of ${all.length} (${batch.hosts.join(", ")})`;
    const detail = batch.detail === undefined ? "" : `: ${printable(batch.detail)}`;
    return [`${what}: ${batch.state === "gate" ? "waits at its gate" : batch.state}${detail}`];
  });
}

/** Failed and running ones first, then the latest done and the next waiting; in their own order. */
function important(steps: readonly ApplyStep[], room: number): ApplyStep[] {
  const active = steps.filter((step) => step.state === "running" || step.state === "failed");
  const next = steps.filter((step) => step.state === "waiting").slice(0, 2);
  const done = steps.filter((step) => step.state === "done" || step.state === "skipped");
  const wanted = new Set([...active.slice(0, room), ...next].slice(0, room));
  for (const step of done.toReversed()) if (wanted.size < room) wanted.add(step);
  return steps.filter((step) => wanted.has(step));
}

function stepLine(step: ApplyStep, style: Style, now: number): string {
  const sign = actionSign(step.action, style);
  const took =
    step.startedAt === undefined ? "" : style.dim(` ${elapsed((step.endedAt ?? now) - step.startedAt)}`);
  const detail = step.detail ? style.dim(`  ${printable(step.detail)}`) : "";
  switch (step.state) {
    case "waiting":
      return style.dim(`  · ${step.action} ${step.address}`);
    case "running":
      return `  ${style.cyan(spinnerAt(now))} ${sign} ${step.address}${took}${detail}`;
    case "done":
      return `  ${style.green("✓")} ${sign} ${step.address}${took}`;
    case "failed":
      return `  ${style.red("✗")} ${sign} ${step.address}${took}`;
    case "skipped":
      return style.dim(`  - ${step.action} ${step.address} skipped`);
  }
}

/** Plain lines for what changed between two looks at an apply, for logs and pipes. */
export function progressLines(before: Apply, after: Apply): string[] {
  const known = new Map(before.steps.map((step) => [step.address, step]));
  const steps = after.steps.flatMap((step) => {
    const was = known.get(step.address);
    if (step.action === "no-op" || (was?.state === step.state && was.detail === step.detail)) return [];
    if (step.state === "running" && step.detail === undefined) return [`${step.address}: ${step.action} …`];
    if (step.state === "running") return [`${step.address}: ${printable(step.detail ?? "")}`];
    if (was?.state === step.state) return [];
    const took = step.startedAt && step.endedAt ? ` after ${elapsed(step.endedAt - step.startedAt)}` : "";
    if (step.state === "done") return [`${step.address}: ${step.action} done${took}`];
    if (step.state === "failed") return [`${step.address}: ${step.action} failed${took}`];
    return step.state === "skipped" ? [`${step.address}: skipped`] : [];
  });
  return [...waitProgress(before, after), ...steps, ...batchProgress(before, after)];
}

/** What an ended apply came to: the failures with their errors, or one line of success. */
export function applyResultView(apply: Apply, style: Style): string {
  const steps = apply.steps.filter((step) => step.action !== "no-op");
  const done = steps.filter((step) => step.state === "done").length;
  const took = apply.endedAt ? ` in ${elapsed(apply.endedAt - apply.startedAt)}` : "";
  const kind = apply.kind[0]?.toUpperCase() + apply.kind.slice(1);
  if (apply.state === "succeeded")
    return `${style.green("✓")} ${kind} done${took}: ${count(done, "change")}.`;
  const failures = steps
    .filter((step) => step.state === "failed")
    .flatMap((step) => [
      `  ${style.red("✗")} ${style.bold(step.address)}`,
      ...printable(step.error ?? "no reason was given")
        .split("\n")
        .map((line) => `      ${line}`),
    ]);
  const left = steps.filter((step) => step.state === "waiting" || step.state === "skipped").length;
  return [
    `${style.red("✗")} ${kind} ${apply.state}${took}: ${count(done, "change")} done, ${left} not reached.`,
    ...(failures.length > 0 || !apply.error ? failures : [`      ${printable(apply.error)}`]),
  ].join("\n");
}

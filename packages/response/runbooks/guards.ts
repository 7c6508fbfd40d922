import { parseDuration, type RunbookProperties } from "@havn/model";

export interface GuardInput {
  guards: RunbookProperties["guards"];
  now: number;
  /** When runs of it that started by themselves began. */
  starts: readonly number[];
  /** One of its runs goes on. */
  running: boolean;
  /** Why the alert is told to nobody: a silence, or another alert. */
  heldBack?: string | undefined;
  /** Why the alert's host is left alone. */
  maintenance?: string | undefined;
}

/** Why a runbook does not start by itself now; undefined where it does. A person is never held back. */
export function whyNotStarted(input: GuardInput): string | undefined {
  const { guards, now, starts } = input;
  if (input.running) return "it is running already";
  if (input.heldBack !== undefined) return `its alert is held back: ${input.heldBack}`;
  if (input.maintenance !== undefined && !guards.duringMaintenance) return input.maintenance;
  const recent = starts.filter((at) => at > now - parseDuration(guards.per));
  return recent.length >= guards.runs
    ? `it started ${recent.length} times within ${guards.per} by itself`
    : undefined;
}

/** Why a step may not touch these hosts; undefined where it may. */
export function whyTooMany(touched: ReadonlySet<string>, most: number): string | undefined {
  return touched.size > most
    ? `it would touch ${touched.size} hosts, and guards.hosts allows ${most}: ${[...touched].slice(0, 12).join(", ")}`
    : undefined;
}

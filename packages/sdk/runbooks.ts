import type { Steps, Trigger } from "@havn/model";
import {
  type CommonOptions,
  complain,
  declare,
  type Handle,
  isHandle,
  listOf,
  nameOf,
} from "./environment.ts";
import { callerLocation } from "./location.ts";

export type { CommandOutcome, Steps, Trigger } from "@havn/model";

export type RunbookBody<Input> = (step: Steps, trigger: Trigger<Input>) => Promise<unknown>;

/** A runbook's function, to be exported from the module that it stands in. */
export interface RunbookSteps<Input> {
  readonly kind: "runbook steps";
  readonly body: RunbookBody<Input>;
  readonly file: string | undefined;
}

/**
 * A runbook's function. It travels as code, without the environment around it: export it from the top of a module, and
 * hand it what it needs under `with`.
 *
 * @example
 * export const restartShop = steps<{ service: ServiceHandle }>(async (step, { with: { service } }) => {
 *   await step.restart(service);
 *   const [errors] = await step.query("sum(rate(http_requests_total{status='500'}[1m]))");
 *   if ((errors?.value ?? 0) > 1) await step.rollback(service);
 * });
 */
export function steps<Input = Record<string, never>>(body: RunbookBody<Input>): RunbookSteps<Input> {
  return { kind: "runbook steps", body, file: callerLocation()?.file };
}

export interface RunbookOptions<Input> extends CommonOptions {
  /**
   * Its function: what steps() made.
   * @example steps: restartShop
   */
  steps: RunbookSteps<Input>;
  /**
   * What the function gets: values, handles, names.
   * @example with: { service: shop }
   */
  with?: Input;
  /**
   * What it is for.
   * @example description: "Restarts the shop, and rolls it back where that does not help."
   */
  description?: string;
  /**
   * Alerts that start it, as routes match them. Default state: "firing".
   * @example on: [{ match: ['alertname="shop-errors"'] }]
   */
  on?: readonly { match: readonly string[]; state?: "pending" | "firing" | "resolved" }[];
  /**
   * When it starts by itself, as cron has it.
   * @example at: { schedule: "0 3 * * *", zone: "Europe/Oslo" }
   */
  at?: { schedule: string; zone?: string };
  /**
   * What holds it back: how often it starts by itself (3 times an hour unless told), how many hosts one run may touch (10),
   * and whether it starts for what is in maintenance (no).
   * @example guards: { runs: 1, per: "30m", hosts: 2 }
   */
  guards?: { runs?: number; per?: string; hosts?: number; duringMaintenance?: boolean };
}

/** Steps that a person, an alert or the clock starts. */
export interface RunbookHandle extends Handle {
  readonly type: "runbook";
}

const named: { steps: RunbookSteps<never>; properties: { steps: { module: string; export: string } } }[] = [];

/**
 * Steps that a person, an alert or the clock starts.
 *
 * @example runbook("restart-shop", { steps: restartShop, with: { service: shop }, on: [{ match: ['alertname="shop-errors"'] }] });
 */
export function runbook<Input>(name: string, options: RunbookOptions<Input>): RunbookHandle {
  const { steps: body, with: input, dependsOn, ...rest } = options;
  if (body?.kind !== "runbook steps")
    complain(`runbook "${name}" has no steps`, "Write steps: what steps(async (step) => { … }) made.");
  const properties = {
    ...rest,
    steps: { module: body?.file ?? "", export: `#${named.length}` },
    ...(input !== undefined && { with: plain(input) }),
  };
  const after = [...handlesIn(input), ...listOf(dependsOn)];
  const resource = declare({ type: "runbook", name, properties, after });
  if (body?.kind === "runbook steps")
    named.push({ steps: body as RunbookSteps<never>, properties: { steps: properties.steps } });
  return { type: "runbook", name, resource: resource.address };
}

/**
 * Under which name each function of a runbook is exported: `find` looks into the module that it was written in. Gives
 * the names by what stands in a graph in their place (`#0`); undefined for one that its module does not export.
 */
export async function namesOfSteps(
  load: (file: string) => Promise<Record<string, unknown>>,
): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for (const { steps: body, properties } of named) {
    const module = await load(properties.steps.module);
    const name = Object.keys(module).find((key) => module[key] === body);
    found.set(properties.steps.export, name);
  }
  return found;
}

/** Handles as names: what a function gets of them is `{ type, name, resource }`. */
function plain(value: unknown): unknown {
  if (isHandle(value)) return { type: value.type, name: nameOf(value), resource: value.resource };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  return value;
}

function handlesIn(value: unknown): Handle[] {
  if (isHandle(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(handlesIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(handlesIn) : [];
}

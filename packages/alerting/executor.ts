import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  type Address,
  alertProperties,
  checkProperties,
  type Diagnostic,
  describeReferences,
  findReferences,
  formatAddress,
  HavnError,
  nrpeProperties,
  type PlannedChange,
  type PropertyChange,
  parseAddress,
  type Resource,
  routeProperties,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { templateFault } from "@havn/prometheus";
import { PromqlError } from "@havn/promql";
import type { Run } from "@havn/workflows";
import { compilePattern, patternOf } from "./probes/pattern.ts";
import { requireReadable } from "./routing/declared.ts";
import { type DeclaredRoute, deleteRoute, putRoute } from "./routing/store.ts";
import { ruleExpression } from "./rules/evaluate.ts";
import * as store from "./store.ts";

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: ApplyContext): Promise<void>;
  remove(run: Steps, prior: Resource, context: ApplyContext): Promise<void>;
}
type Steps = Pick<Run, "step">;
interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
  reason?: string;
}
interface ApplyContext {
  applyId: string;
  actor: string;
  tell(detail: string): void;
}

/** How agents learn their checks. Durable; references in `value` are resolved on the way. */
export interface DesiredChecks {
  put(host: Address, section: "checks" | "nrpe", value: unknown): Promise<unknown>;
}

export interface ExecutorOptions {
  sql: Sql;
  desired: DesiredChecks;
  /** Rules or checks were declared, changed or removed. */
  declared(): Promise<void>;
  /** Routes were. */
  routesDeclared(): Promise<void>;
}

/** Types `alert`, `check`, `nrpe` and `route`: a row each, and the agent that probes or answers is told. */
export function createExecutor({
  sql,
  desired,
  declared,
  routesDeclared,
}: ExecutorOptions): ResourceExecutor {
  /** The host's whole list, as recorded: told twice, it is the same list. */
  async function tellAgent(host: Address): Promise<void> {
    // What nobody's agent asks, the control plane asks, or is told.
    if (host === "") return;
    const probes = await store.listProbesOf(sql, host);
    await desired.put(host, "checks", probes.map(checkSpecOf));
  }

  async function tellNrpe(host: Address): Promise<void> {
    const found = (await store.listNrpe(sql)).find((one) => one.host === host);
    const { host: _, ...spec } = found?.properties ?? { host: "" };
    await desired.put(host, "nrpe", found ? spec : null);
  }

  async function applyNrpe(run: Steps, wanted: Resource): Promise<void> {
    const nrpe = nrpeOf(wanted);
    const before = await run.step(`record NRPE server ${wanted.name}`, async () => {
      const known = (await store.listNrpe(sql)).find(({ address }) => address === nrpe.address);
      await store.putNrpe(sql, nrpe);
      return known?.host ?? null;
    });
    await run.step(`tell the agent of ${parseAddress(nrpe.host).name}`, () => tellNrpe(nrpe.host));
    if (before !== null && before !== nrpe.host)
      await run.step(`tell the agent of ${parseAddress(before).name}`, () => tellNrpe(before));
  }

  return {
    types: ["alert", "check", "nrpe", "route"],
    async plan(wanted, prior) {
      const recorded = await store.findProperties(sql, wanted?.address ?? prior?.address ?? "");
      if (!wanted) return { action: recorded ? "delete" : "no-op", changes: [] };
      const { properties } = declarationOf(wanted);
      if (wanted.type === "check") await requirePattern(wanted);
      const changes = differences(recorded ?? {}, properties);
      if (!recorded) return { action: "create", changes };
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    async apply(run, _change, wanted) {
      if (wanted.type === "route") {
        await run.step(`record route ${wanted.name}`, async () => {
          await putRoute(sql, routeOf(wanted));
          await routesDeclared();
        });
        return;
      }
      if (wanted.type === "nrpe") return applyNrpe(run, wanted);
      if (wanted.type === "alert") {
        await run.step(`record rule ${wanted.name}`, async () => {
          await store.putRule(sql, ruleOf(wanted));
          await declared();
        });
        return;
      }
      const probe = probeOf(wanted);
      const before = await run.step(`record check ${wanted.name}`, async () => {
        const known = await store.findProbe(sql, probe.address);
        await store.putProbe(sql, probe);
        await declared();
        return known?.host ?? null;
      });
      for (const host of new Set([probe.host, before ?? ""]))
        if (host !== "")
          await run.step(`tell the agent of ${parseAddress(host).name}`, () => tellAgent(host));
    },
    async remove(run, prior) {
      if (prior.type === "nrpe") {
        const nrpe = nrpeOf(prior);
        await run.step(
          `forget NRPE server ${prior.name}`,
          async () => void (await store.deleteNrpe(sql, nrpe.address)),
        );
        await run.step(`tell the agent of ${parseAddress(nrpe.host).name}`, () => tellNrpe(nrpe.host));
        return;
      }
      const host = await run.step(`forget ${prior.type} ${prior.name}`, async () => {
        const known = await store.findProbe(sql, prior.address);
        await store.deleteRule(sql, prior.address);
        await store.deleteProbe(sql, prior.address);
        await deleteRoute(sql, prior.address);
        await (prior.type === "route" ? routesDeclared() : declared());
        return known?.host ?? null;
      });
      if (host !== null && host !== "")
        await run.step(`tell the agent of ${parseAddress(host).name}`, () => tellAgent(host));
    },
  };
}

function declarationOf(resource: Resource): { properties: object } {
  if (resource.type === "route") return routeOf(resource);
  if (resource.type === "nrpe") return nrpeOf(resource);
  return resource.type === "alert" ? ruleOf(resource) : probeOf(resource);
}

function routeOf(resource: Resource): DeclaredRoute {
  const { environment } = parseAddress(resource.address);
  const properties = routeProperties.parse(resource.properties);
  requireReadable(environment, properties);
  return { address: resource.address, environment, name: resource.name, properties };
}

function ruleOf(resource: Resource): store.Rule {
  const { environment } = parseAddress(resource.address);
  const properties = alertProperties.parse(resource.properties);
  const rule = { address: resource.address, environment, name: resource.name, properties };
  const refuse = (what: string, fault: string, text: string) => {
    const diagnostic: Diagnostic = {
      severity: "error",
      summary: `alert ${resource.name}: ${what} cannot be read`,
      detail: fault,
      address: resource.address,
      ...(resource.location && { at: resource.location }),
    };
    return new HavnError(`The ${what} of alert ${resource.name} cannot be read`, {
      ...{ status: 400, detail: `${fault}. It is: ${text}`, diagnostics: [diagnostic] },
    });
  };
  try {
    ruleExpression(rule);
  } catch (cause) {
    if (cause instanceof PromqlError) throw refuse("expression", cause.message, properties.expr);
    throw cause;
  }
  const { summary, labels, annotations } = properties;
  for (const [name, text] of Object.entries({ summary, ...labels, ...annotations })) {
    const fault = templateFault(text);
    if (fault !== undefined) throw refuse(`template of ${name}`, fault, text);
  }
  return rule;
}

function probeOf(resource: Resource): store.Probe {
  const { environment } = parseAddress(resource.address);
  const properties = checkProperties.parse(resource.properties);
  const { from, probe } = properties;
  // What is told to Havn is asked by nobody.
  const isTold = probe.kind === "passive" || probe.kind === "heartbeat";
  const host = from === undefined || isTold ? "" : formatAddress({ environment, type: "host", name: from });
  return { address: resource.address, environment, name: resource.name, host, properties };
}

/** Throws a HavnError (400) with a diagnostic for a pattern that cannot be read. */
async function requirePattern(resource: Resource): Promise<void> {
  const source = patternOf(checkProperties.parse(resource.properties).probe);
  if (source === undefined) return;
  try {
    await compilePattern(source);
  } catch (cause) {
    if (!(cause instanceof HavnError)) throw cause;
    throw new HavnError(`check ${resource.name}: ${cause.message}`, {
      status: 400,
      detail: cause.detail,
      cause,
      diagnostics: [
        {
          severity: "error",
          summary: `check ${resource.name}: ${cause.message}`,
          detail: cause.detail,
          address: resource.address,
          ...(resource.location && { at: resource.location }),
        },
      ],
    });
  }
}

function nrpeOf(resource: Resource): store.Nrpe {
  const { environment } = parseAddress(resource.address);
  const properties = nrpeProperties.parse(resource.properties);
  const host = formatAddress({ environment, type: "host", name: properties.host });
  return { address: resource.address, environment, name: resource.name, host, properties };
}

/** What asks is told; references stay in it, and are resolved on the way. */
export function checkSpecOf({ address, name, properties }: store.Probe) {
  const { interval, timeout, probe, attempts, retryInterval, flapping, labels } = properties;
  return {
    name,
    address,
    interval,
    timeout,
    probe,
    attempts,
    retryInterval,
    flapping,
    volatile: properties.volatile,
    labels,
    // References, resolved on the way as those in the probe are.
    secrets: findReferences(probe).filter((reference) => "$secret" in reference),
  };
}

/** What is another in one than in the other; references are named, never opened. */
export function differences(before: object, after: object): PropertyChange[] {
  const [old, wanted] = [{ ...before } as Record<string, unknown>, { ...after } as Record<string, unknown>];
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .filter((property) => !isDeepStrictEqual(plain(old[property]), plain(wanted[property])))
    .map((property) => ({
      property,
      before: describeReferences(old[property]),
      after: describeReferences(wanted[property]),
    }));
}

/** As it comes back from the database: without keys that are undefined. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  contactProperties,
  describeReferences,
  escalationProperties,
  HavnError,
  type PlannedChange,
  type PropertyChange,
  parseAddress,
  type Resource,
  receiverProperties,
  runbookProperties,
  scheduleProperties,
  statusPageProperties,
  teamProperties,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Run } from "@havn/workflows";
import { parseWall } from "./schedules/zone.ts";
import * as store from "./store.ts";

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: unknown): Promise<void>;
  remove(run: Steps, prior: Resource, context: unknown): Promise<void>;
}
type Steps = Pick<Run, "step">;
interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
  warnings?: Warning[];
}
type Warning = { summary: string; detail: string };

const schemas = {
  contact: contactProperties,
  team: teamProperties,
  schedule: scheduleProperties,
  escalation: escalationProperties,
  receiver: receiverProperties,
  runbook: runbookProperties,
  statuspage: statusPageProperties,
};
const isOurs = (type: string): type is keyof typeof schemas => Object.hasOwn(schemas, type);

/**
 * Types `contact`, `team`, `schedule`, `escalation`, `receiver`, `runbook` and `statuspage`: a row each. References stay in it until it
 * is used. `check` throws a HavnError (400) for what only shows when it is read closely, and gives what is merely odd.
 */
export function createExecutor({
  sql,
  changed,
  check,
}: {
  sql: Sql;
  changed(): Promise<void>;
  check(wanted: Resource): Warning[];
}): ResourceExecutor {
  return {
    types: Object.keys(schemas),
    async plan(wanted, prior) {
      const address = wanted?.address ?? prior?.address;
      const recorded = (await store.listDeclared(sql)).find((one) => one.address === address);
      if (!wanted) return { action: recorded ? "delete" : "no-op", changes: [] };
      const properties = propertiesOf(wanted);
      const warnings = check(wanted);
      const changes = differences(shown(recorded?.properties ?? {}), shown(properties));
      if (!recorded) return { action: "create", changes, ...(warnings.length > 0 && { warnings }) };
      return {
        ...{ action: changes.length > 0 ? "update" : "no-op", changes },
        ...(warnings.length > 0 && { warnings }),
      };
    },
    async apply(run, _change, wanted) {
      const { environment } = parseAddress(wanted.address);
      await run.step(`record ${wanted.type} ${wanted.name}`, async () => {
        const { address, type, name } = wanted;
        await store.putDeclared(sql, { address, environment, type, name, properties: propertiesOf(wanted) });
        await changed();
      });
    },
    async remove(run, prior) {
      await run.step(`forget ${prior.type} ${prior.name}`, async () => {
        await store.deleteDeclared(sql, prior.address);
        await changed();
      });
    },
  };
}

function propertiesOf({ type, name, properties }: Resource): Record<string, unknown> {
  if (!isOurs(type)) throw new TypeError(`${type} is not a type of this room`);
  const parsed = schemas[type].parse(properties);
  if (type === "runbook" && !("steps" in parsed && parsed.steps.code))
    throw new HavnError(`Runbook ${name} came without its code`, {
      detail: "The command line puts it together: plan with one of this version.",
      status: 400,
    });
  if ("layers" in parsed)
    for (const { start, until } of parsed.layers)
      for (const text of [start, until])
        if (text !== undefined && Number.isNaN(parseWallOrNaN(text)))
          throw new HavnError(`Schedule ${name} has a time that does not exist: ${text}`, { status: 400 });
  // As it comes back from the database: without keys that are undefined.
  return JSON.parse(JSON.stringify(parsed));
}

function parseWallOrNaN(text: string): number {
  try {
    return parseWall(text);
  } catch {
    return Number.NaN;
  }
}

/** A runbook's code is told by its digest. */
function shown(properties: Record<string, unknown>): Record<string, unknown> {
  const { steps } = properties;
  if (typeof steps !== "object" || steps === null || !("code" in steps)) return properties;
  const digest = createHash("sha256").update(String(steps.code)).digest("hex").slice(0, 12);
  return { ...properties, steps: { ...steps, code: `sha256 ${digest}` } };
}

function differences(before: Record<string, unknown>, after: Record<string, unknown>): PropertyChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((property) => !isDeepStrictEqual(before[property], after[property]))
    .map((property) => ({
      property,
      before: describeReferences(before[property]),
      after: describeReferences(after[property]),
    }));
}

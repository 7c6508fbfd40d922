import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  dashboardProperties,
  type PlannedChange,
  type PropertyChange,
  parseAddress,
  type Resource,
} from "@havn/model";
import type { Dashboards } from "./dashboards.ts";

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: { actor: string }): Promise<void>;
  remove(run: Steps, prior: Resource, context: { actor: string }): Promise<void>;
}
interface Steps {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}
interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
  reason?: string;
}

/** Type `dashboard`: what is declared is kept beside what the page made of it. */
export function createDashboardExecutor(dashboards: Dashboards): ResourceExecutor {
  return {
    types: ["dashboard"],
    async plan(wanted, prior) {
      const recorded = await dashboards.declaredNow(keyOf(wanted?.address ?? prior?.address ?? ""));
      if (!wanted) return { action: recorded ? "delete" : "no-op", changes: [] };
      const changes = differences(recorded ?? {}, dashboardProperties.parse(wanted.properties));
      if (!recorded) return { action: "create", changes };
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    apply: (run, _change, wanted, { actor }) =>
      run.step(`record dashboard ${wanted.name}`, () =>
        dashboards.declare(keyOf(wanted.address), dashboardProperties.parse(wanted.properties), actor),
      ),
    remove: (run, prior, { actor }) =>
      run.step(`forget dashboard ${prior.name}`, () =>
        dashboards.declare(keyOf(prior.address), undefined, actor),
      ),
  };
}

function keyOf(address: string) {
  const { environment, name } = parseAddress(address);
  return { environment, name };
}

function differences(before: object, after: object): PropertyChange[] {
  const [old, wanted] = [{ ...before } as Record<string, unknown>, { ...after } as Record<string, unknown>];
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .filter((property) => !isDeepStrictEqual(plain(old[property]), plain(wanted[property])))
    .map((property) => ({ property, before: old[property], after: wanted[property] }));
}

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

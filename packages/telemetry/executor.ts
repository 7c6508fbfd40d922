import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  describeReferences,
  type PlannedChange,
  type PropertyChange,
  type Resource,
} from "@havn/model";

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: unknown): Promise<void>;
  remove(run: Steps, prior: Resource, context: unknown): Promise<void>;
}
interface Steps {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}
interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
}

export function differences(before: object, after: object): PropertyChange[] {
  const [old, wanted] = [{ ...before }, { ...after }] as Record<string, unknown>[];
  return [...new Set([...Object.keys(old ?? {}), ...Object.keys(wanted ?? {})])]
    .filter((property) => !isDeepStrictEqual(plain(old?.[property]), plain(wanted?.[property])))
    .map((property) => ({
      property,
      before: describeReferences(old?.[property]),
      after: describeReferences(wanted?.[property]),
    }));
}

/** As it comes back from the database: without keys that are undefined. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

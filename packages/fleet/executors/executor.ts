import type { Action, PlannedChange, PropertyChange, Resource } from "@havn/model";

/** A step of a durable apply. */
export interface Steps {
  step<T>(name: string, work: () => Promise<T>, options?: { retries?: number }): Promise<T>;
}

export interface ApplyContext {
  applyId: string;
  actor: string;
  /** Shows what is happening now. */
  tell(detail: string): void;
}

export interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
  reason?: string;
}

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: ApplyContext): Promise<void>;
  remove(run: Steps, prior: Resource, context: ApplyContext): Promise<void>;
}

/** What differs between two sets of properties, in the order of their names. */
export function diffProperties(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): PropertyChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => canonical(before[name]) !== canonical(after[name]))
    .map((property) => ({ property, before: before[property], after: after[property] }));
}

/** JSON with sorted keys: PostgreSQL keeps no order of them. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

import { type Address, HavnError, type Resource } from "@havn/model";
import { sameValue } from "@havn/plan";
import type { Sql } from "@havn/postgres";
import * as applyStore from "../applies/store.ts";
import * as store from "../store.ts";

/** A failed apply that a plan goes on with, and what it and those that it went on with have done. */
export interface Resumed {
  id: string;
  done: ReadonlySet<Address>;
}

/** The environment's last apply, which must have failed: a HavnError (409) tells where there is nothing to go on with. */
export async function findResumed(sql: Sql, environment: string): Promise<Resumed> {
  const [last] = await applyStore.listApplies(sql, { environment });
  if (last?.state !== "failed")
    throw new HavnError(`There is nothing to resume in "${environment}"`, {
      detail: last
        ? `Its last apply, ${last.id}, ${last.state === "running" ? "is running" : last.state}. Apply without --resume.`
        : "Nothing was applied to it yet. Apply without --resume.",
      status: 409,
    });
  const done = new Set<Address>();
  for (let apply: typeof last | undefined = last; apply; ) {
    for (const { address, state } of apply.steps) if (state === "done") done.add(address);
    apply = apply.resumes === undefined ? undefined : await applyStore.findApply(sql, apply.resumes);
  }
  return { id: last.id, done };
}

/** Whether it was done as it is declared now: what runs with every apply need not run again to go on. */
export const wasDone = ({ done }: Resumed, resource: Resource, recorded: Resource | undefined): boolean =>
  done.has(resource.address) && recorded !== undefined && sameValue(recorded.properties, resource.properties);

import { type Address, parseAddress, type Resource } from "@havn/model";
import { hostAddressOf } from "@havn/plan";
import type { Sql } from "@havn/postgres";
import * as store from "./store.ts";

/**
 * Names of the certificate that is declared at `address` on `host`: as the running apply has it, else as it was applied
 * last. A host can have only names signed that somebody declared for it.
 */
export async function findCertificateNames(
  sql: Sql,
  host: Address,
  address: Address,
): Promise<unknown[] | undefined> {
  const { environment } = parseAddress(host);
  const isIt = (resource: Resource) =>
    resource.address === address &&
    resource.type === "certificate" &&
    resource.properties.issuer === "havn" &&
    hostAddressOf(resource) === host;
  const found =
    (await readRunning(sql, environment)).find(isIt) ??
    (await store.readRecorded(sql, environment)).resources.find(isIt);
  return found?.properties.names as unknown[] | undefined;
}

async function readRunning(sql: Sql, environment: string): Promise<readonly Resource[]> {
  const id = await store.findRunningApply(sql, environment);
  const apply = id === undefined ? undefined : await store.findApply(sql, id);
  const plan = apply?.planId === undefined ? undefined : await store.findPlan(sql, apply.planId);
  return plan?.graph.resources ?? [];
}

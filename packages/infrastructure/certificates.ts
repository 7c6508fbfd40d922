import { type Address, parseAddress, type Resource } from "@havn/model";
import { hostAddressOf } from "@havn/plan";
import type { Sql } from "@havn/postgres";
import * as store from "./store.ts";

/**
 * Names of the certificate that is declared at `address` on `host`: as a running apply has it, else as it was applied
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
    (await store.listRunningGraphs(sql, environment)).flatMap(({ resources }) => resources).find(isIt) ??
    (await store.readRecorded(sql, environment)).resources.find(isIt);
  return found?.properties.names as unknown[] | undefined;
}

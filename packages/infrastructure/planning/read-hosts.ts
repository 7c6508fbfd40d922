import type { ResourceReading } from "@havn/fleet/protocol";
import {
  type Action,
  type Address,
  type Certainty,
  type Diagnostic,
  findReferences,
  HavnError,
  type PropertyChange,
  type Resource,
  secretKey,
} from "@havn/model";
import { findSecretPaths, hostAddressOf } from "@havn/plan";
import type { InfrastructureOptions } from "../interfaces.ts";

export interface HostReading {
  action: Action;
  changes: PropertyChange[];
  certainty: Certainty;
  reason?: string | undefined;
  skipped?: string | undefined;
  /** It is done with every apply, not because something is not as declared. */
  everyTime?: boolean | undefined;
}

export interface HostReadings {
  of: Map<Address, HostReading>;
  diagnostics: Diagnostic[];
}

/** A slow host must not hold a plan up for longer. */
const longestRead = 60_000;

/** Asks every host once for all of its resources, as they will be found, all hosts at the same time. */
export async function readHosts(
  {
    resources,
    remove,
    order,
  }: { resources: readonly Resource[]; remove: readonly Resource[]; order: readonly Address[] },
  { hosts }: Pick<InfrastructureOptions, "hosts">,
): Promise<HostReadings> {
  const readings: HostReadings = { of: new Map(), diagnostics: [] };
  const byHost = Map.groupBy(resources, (resource) => hostAddressOf(resource) ?? "");
  const removedOf = Map.groupBy(remove, (resource) => hostAddressOf(resource) ?? "");
  await Promise.all(
    [...byHost].map(async ([host, group]) => {
      try {
        const removed = removedOf.get(host) ?? [];
        const all = [...group, ...removed];
        const own = new Set(all.map(({ address }) => address));
        const params = {
          resources: group,
          ...(removed.length > 0 && { remove: removed, order: order.filter((address) => own.has(address)) }),
          secrets: secretPathsOf(all),
          secretValues: secretValuesOf(all),
        };
        const answer = await hosts.call(host, "resources.read", params, { timeoutMs: longestRead });
        for (const reading of answer.readings) take(reading, group, readings);
      } catch (error) {
        readings.diagnostics.push({
          severity: "warning",
          summary: `${host} could not be read`,
          detail: `${describe(error)} What is on it was compared with what was applied last.`,
          address: host,
        });
      }
    }),
  );
  return readings;
}

/** Paths of secret properties, for each address that has any. */
export const secretPathsOf = (resources: readonly Resource[]): Record<Address, string[]> =>
  Object.fromEntries(
    resources
      .map(({ address, properties }) => [address, findSecretPaths(properties)] as const)
      .filter(([, paths]) => paths.length > 0),
  );

/** References to all secrets that resources hold: resolved on the way to the host, which then tells none of them. */
export const secretValuesOf = (resources: readonly Resource[]): string[] => [
  ...new Map(
    resources
      .flatMap(({ properties }) => findReferences(properties))
      .filter((reference) => "$secret" in reference)
      // The host gets texts: see resolveReferences.
      .map((reference) => [secretKey(reference), reference as unknown as string] as const),
  ).values(),
];

function take(
  { address, action, changes, error, skipped, certainty = "exact", reason, everyTime }: ResourceReading,
  group: readonly Resource[],
  readings: HostReadings,
) {
  if (error === undefined) {
    readings.of.set(address, { action, changes, certainty, reason, skipped, everyTime });
    return;
  }
  const unread = `could not be read: ${error}`;
  readings.of.set(address, { action: "update", changes, reason: unread, certainty: "unknowable" });
  const at = group.find((resource) => resource.address === address)?.location;
  readings.diagnostics.push({
    severity: "warning",
    summary: `${address} could not be read`,
    detail: error,
    address,
    ...(at && { at }),
  });
}

const describe = (error: unknown): string =>
  error instanceof HavnError
    ? `${error.message}. ${error.detail}`
    : error instanceof Error
      ? error.message
      : String(error);

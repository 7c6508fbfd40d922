import type { UndoReading } from "@havn/fleet/protocol";
import { type Address, type Diagnostic, HavnError, type Resource } from "@havn/model";
import { hostAddressOf } from "@havn/plan";
import type { InfrastructureOptions } from "../interfaces.ts";
import { secretValuesOf } from "../planning/read-hosts.ts";

const longestRead = 60_000;

export interface UndoReadings {
  of: Map<Address, UndoReading>;
  /** Addresses of hosts that could not be asked. */
  away: Set<Address>;
  diagnostics: Diagnostic[];
}

/** Asks every host once what it recorded of an apply, all hosts at the same time. */
export async function readUndo(
  applyId: string,
  { resources, secretsOf }: { resources: readonly Resource[]; secretsOf: readonly Resource[] },
  options: Pick<InfrastructureOptions, "hosts" | "hostConnected">,
): Promise<UndoReadings> {
  const readings: UndoReadings = { of: new Map(), away: new Set(), diagnostics: [] };
  const byHost = Map.groupBy(resources, (resource) => hostAddressOf(resource) ?? "");
  await Promise.all(
    [...byHost].map(async ([host, group]) => {
      try {
        if (!options.hostConnected(host)) throw new HavnError(`${host} is not connected`);
        const params = {
          applyId,
          addresses: group.map(({ address }) => address),
          secretValues: secretValuesOf(secretsOf.filter((resource) => hostAddressOf(resource) === host)),
        };
        const answer = await options.hosts.call(host, "undo.read", params, { timeoutMs: longestRead });
        for (const reading of answer.readings) readings.of.set(reading.address, reading);
      } catch (error) {
        readings.away.add(host);
        readings.diagnostics.push({
          severity: "warning",
          summary: `${host} is away: what it recorded could not be read`,
          detail: `${error instanceof Error ? error.message : String(error)}. ${group.length} change(s) on it cannot be shown before they are taken back, and are taken back only once it is there.`,
          address: host,
        });
      }
    }),
  );
  return readings;
}

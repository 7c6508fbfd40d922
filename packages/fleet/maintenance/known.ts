import { type HostProperties, type KnownMaintenance, type MaintenanceWindow, openUntil } from "@havn/model";
import type { DeclaredMaintenance, MaintenanceRow } from "./store.ts";

/** When several windows are open, the last end counts. */
const untilOf =
  (windows: readonly MaintenanceWindow[]) =>
  (at: number): number | undefined => {
    const ends = windows.flatMap((window) => openUntil(window, at) ?? []);
    return ends.length === 0 ? undefined : Math.max(...ends);
  };

export function knownOf(row: MaintenanceRow): KnownMaintenance {
  const { id, environment, host, match, reason, actor, from, until, recurring } = row;
  return {
    ...{ id, environment, match, reason, actor, of: host === null ? null : [host] },
    openUntil: (at) => {
      if (at < from || at >= until) return undefined;
      return recurring ? untilOf([recurring])(at) : until;
    },
  };
}

export const declaredKnown = ({ address, environment, name, properties }: DeclaredMaintenance) => [
  {
    ...{ id: address, environment, match: properties.match, reason: properties.reason, actor: name },
    ...{ of: properties.of ?? null, openUntil: untilOf(properties.windows) },
  } satisfies KnownMaintenance,
];

/** A host's own windows. */
export function hostKnown(host: {
  address: string;
  environment: string;
  name: string;
  properties: HostProperties;
}): KnownMaintenance[] {
  return (host.properties.maintenance ?? []).map((window, index) => ({
    ...{ id: `${host.address}#${index}`, environment: host.environment, of: [host.address], match: [] },
    ...{ reason: window.reason ?? "a declared window", actor: host.name, openUntil: untilOf([window]) },
  }));
}

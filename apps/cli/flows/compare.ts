import {
  environmentStatusSchema,
  HavnError,
  type Resource,
  resourceGraphSchema,
  secretKey,
} from "@havn/model";
import { type ComparedEnvironment, compareEnvironments, type ResourceDifference } from "@havn/plan";
import { type DriftAnswer, driftAnswer, fingerprintsAnswer } from "../api/schemas.ts";
import type { Flow } from "./apply.ts";

/** What runs of an environment: as applied last, with what its hosts told since. */
export interface Running extends ComparedEnvironment {
  releases: ReadonlyMap<string, string>;
  drift: DriftAnswer["drift"];
}

export interface RunningDifferences {
  resources: ResourceDifference[];
  releases: { service: string; before?: string | undefined; after?: string | undefined }[];
  /** What on hosts is not as it was applied, in either. */
  drift: { environment: string; address: string; properties: string[] }[];
}

/** Throws a HavnError (404) for an environment that was never applied. */
export async function readRunning(
  { api, signal }: Pick<Flow, "api" | "signal">,
  name: string,
): Promise<Running> {
  const path = `/api/v1/environments/${encodeURIComponent(name)}`;
  const [{ resources }, { fingerprints }, { drift }, status] = await Promise.all([
    api.get(`${path}/graph`, resourceGraphSchema, { signal }),
    api.get(`${path}/secret-fingerprints`, fingerprintsAnswer, { signal }),
    api.get(`${path}/drift`, driftAnswer, { signal }),
    api.get(`${path}/status`, environmentStatusSchema, { signal }),
  ]);
  return {
    ...{ name, resources, drift },
    fingerprints: new Map(
      fingerprints.flatMap(({ name: secret, sealed, fingerprint }) =>
        fingerprint === undefined ? [] : [[secretKey({ $secret: secret, sealed }), fingerprint] as const],
      ),
    ),
    releases: new Map(
      status.services.flatMap(({ name: service, release }) =>
        release ? [[service, release.id] as const] : [],
      ),
    ),
  };
}

export function compareRunning(before: Running, after: Running): RunningDifferences {
  const services = [...new Set([...before.releases.keys(), ...after.releases.keys()])].sort();
  return {
    resources: compareEnvironments(before, after),
    releases: services
      .map((service) => ({
        service,
        before: before.releases.get(service),
        after: after.releases.get(service),
      }))
      .filter((one) => one.before !== one.after),
    drift: [before, after].flatMap(({ name, drift }) =>
      drift.map(({ address, changes }) => ({
        environment: name,
        address,
        properties: changes.map(({ property }) => property),
      })),
    ),
  };
}

/** Fingerprints are those of what runs: a secret that is declared only is compared by its name. */
export const compareDeclared = (
  before: { name: string; resources: readonly Resource[] },
  after: { name: string; resources: readonly Resource[] },
  running: readonly (Running | undefined)[],
): ResourceDifference[] =>
  compareEnvironments(
    { ...before, fingerprints: running[0]?.fingerprints ?? new Map() },
    { ...after, fingerprints: running[1]?.fingerprints ?? new Map() },
  );

/** Undefined for an environment that was never applied. */
export async function findRunning(
  flow: Pick<Flow, "api" | "signal">,
  name: string,
): Promise<Running | undefined> {
  try {
    return await readRunning(flow, name);
  } catch (error) {
    if (error instanceof HavnError && error.status === 404) return undefined;
    throw error;
  }
}

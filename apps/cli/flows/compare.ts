import {
  environmentStatusSchema,
  type Facts,
  HavnError,
  type Resource,
  resourceGraphSchema,
  secretKey,
} from "@havn/model";
import {
  type ComparedEnvironment,
  compareEnvironments,
  type PromotedEnvironment,
  type Promotion,
  planPromotion,
  type ResourceDifference,
} from "@havn/plan";
import { type DriftAnswer, driftAnswer, fingerprintsAnswer } from "../api/schemas.ts";
import type { Flow } from "./apply.ts";

/** What runs of an environment: as applied last, with what its hosts told since. */
export interface Running extends ComparedEnvironment {
  releases: ReadonlyMap<string, string>;
  drift: DriftAnswer["drift"];
  /** By the name of the host; none of one that never told. */
  facts: ReadonlyMap<string, Facts>;
}

export interface RunningDifferences {
  resources: ResourceDifference[];
  releases: { service: string; before?: string | undefined; after?: string | undefined }[];
  facts: FactDifference[];
  /** What on hosts is not as it was applied, in either. */
  drift: { environment: string; address: string; properties: string[] }[];
}

/** Hosts of one name that are not of one kind. */
export interface FactDifference {
  host: string;
  fact: "os" | "kernel" | "architecture" | "processors" | "memory";
  /** Memory in bytes. */
  before: string | number;
  after: string | number;
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
    facts: new Map(status.hosts.flatMap((host) => (host.facts ? [[host.name, host.facts] as const] : []))),
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
    facts: [...before.facts].flatMap(([host, facts]) => {
      const other = after.facts.get(host);
      return other ? compareFacts(host, facts, other) : [];
    }),
    drift: [before, after].flatMap((one) =>
      driftOf(one).map((drifted) => ({ environment: one.name, ...drifted })),
    ),
  };
}

const driftOf = ({ drift }: Running) =>
  drift.map(({ address, changes }) => ({ address, properties: changes.map(({ property }) => property) }));

/** Machines of one size differ by what their kernels keep for themselves. */
const sameMemory = (a: number, b: number): boolean => Math.abs(a - b) <= 0.03 * Math.max(a, b);

export function compareFacts(host: string, before: Facts, after: Facts): FactDifference[] {
  const facts = [
    ["os", before.os.name, after.os.name],
    ["kernel", before.kernel, after.kernel],
    ["architecture", before.architecture, after.architecture],
    ["processors", before.cpus, after.cpus],
    ["memory", before.memoryBytes, after.memoryBytes],
  ] as const;
  return facts
    .filter(([fact, a, b]) => (fact === "memory" ? !sameMemory(Number(a), Number(b)) : a !== b))
    .map(([fact, a, b]) => ({ host, fact, before: a, after: b }));
}

/** What brings the second of two environments to where the first one is. */
export function promote(
  declared: readonly [from: DeclaredEnvironment, to: DeclaredEnvironment],
  running: readonly [from: Running | undefined, to: Running | undefined],
): Promotion {
  const [from, to] = declared;
  return planPromotion(
    pendingIn(from, running[0]),
    pendingIn(to, running[1]),
    compareDeclared(from, to, running),
  );
}

function pendingIn({ name, resources }: DeclaredEnvironment, runs: Running | undefined): PromotedEnvironment {
  const fingerprints = runs?.fingerprints ?? new Map<string, string>();
  const pending = compareEnvironments(
    { name, resources: runs?.resources ?? [], fingerprints },
    { name, resources, fingerprints },
  );
  return { name, pending, drift: runs ? driftOf(runs) : [] };
}

export interface DeclaredEnvironment {
  name: string;
  resources: readonly Resource[];
}

/** Fingerprints are those of what runs: a secret that is declared only is compared by its name. */
export const compareDeclared = (
  before: DeclaredEnvironment,
  after: DeclaredEnvironment,
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

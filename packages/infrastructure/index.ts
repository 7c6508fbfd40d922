import { type Address, type GatheredFact, HavnError, type ResourceGraph } from "@havn/model";
import { migrate } from "@havn/postgres";
import { type Applies, createApplies } from "./applies/applies.ts";
import * as applyStore from "./applies/store.ts";
import { findCertificateNames } from "./certificates.ts";
import { type Drift, findDrift } from "./drift.ts";
import { type Fingerprint, findFingerprints } from "./fingerprints.ts";
import type { InfrastructureOptions } from "./interfaces.ts";
import {
  type AdoptionAnswer,
  adopt,
  listUnmanaged,
  type Unmanaged,
  type UnmanagedRequest,
} from "./planning/adoption.ts";
import { readFacts } from "./planning/facts.ts";
import { createPlans, type Plans } from "./planning/plans.ts";
import { createReverts, type Reverts } from "./reverts/reverts.ts";
import * as store from "./store.ts";

export type { Applies } from "./applies/applies.ts";
export type { Drift } from "./drift.ts";
export type {
  ApplyContext,
  ExecutorPlan,
  InfrastructureOptions,
  ResourceExecutor,
  Steps,
} from "./interfaces.ts";
export type { PlanRequest, Plans } from "./planning/plans.ts";
export { infrastructureRoutes } from "./routes.ts";

/** What is declared, what is recorded, what differs, and making it real. */
export interface Infrastructure {
  plans: Plans;
  applies: Applies;
  reverts: Reverts;
  /** What the hosts' agents told last, or with `refresh` what they read now. Throws a HavnError (404) as `graph` does. */
  drift(environment: string, options?: { refresh?: boolean }): Promise<Drift>;
  /** What is on a host that nobody declares. Throws where it is not connected. */
  unmanaged(request: UnmanagedRequest): Promise<Unmanaged>;
  /** The TypeScript that declares it as it is; what is secret goes into the store. Throws where it is not connected. */
  adopt(request: UnmanagedRequest & { actor: string }): Promise<AdoptionAnswer>;
  /** What a host tells of itself now: facts by name, or by the way inside them. Throws where it is not connected. */
  facts(request: Parameters<typeof readFacts>[0]): Promise<GatheredFact[]>;
  /** As applied last. Throws a HavnError (404) for an environment that was never applied. */
  graph(environment: string): Promise<ResourceGraph>;
  /** Of every secret that the environment, as applied last, refers to. Throws a HavnError (404) as `graph` does. */
  fingerprints(environment: string): Promise<Fingerprint[]>;
  /** Names of the certificate that is declared at `address` on `host`, in a running apply or as applied last. */
  certificateNames(host: Address, address: Address): Promise<unknown[] | undefined>;
  environments(): Promise<{ environment: string; owner: string | undefined; resources: number }[]>;
  /** Ciphertexts of the repository that references in what was applied last carry, by their names (`sealed`). */
  sealedInUse(): Promise<string[]>;
  /** sha256 of every file that hosts may still fetch, or get again when an apply is taken back. */
  filesInUse(): Promise<string[]>;
  /** Deletes plans that nobody applied within a week, and applies that ended 90 days ago. */
  prune(): Promise<void>;
}

const dayMs = 86_400_000;
const keepPlansMs = 7 * dayMs;
const keepAppliesMs = 90 * dayMs;
/** Of an environment: their files are kept, for what a revert declares anew. */
const keptFileApplies = 10;

/** Open it before `workflows.launch()`; call `applies.recover()` after. */
export async function createInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const { sql } = options;
  await migrate(sql, "infrastructure", new URL("./migrations/", import.meta.url));
  const plans = createPlans(options);
  const requireEnvironment = async (environment: string): Promise<void> => {
    const known = await store.listEnvironments(sql);
    if (!known.some((one) => one.environment === environment))
      throw new HavnError(`There is no environment "${environment}"`, {
        detail: "Correct its name, or apply it first.",
        status: 404,
      });
  };
  return {
    plans,
    applies: createApplies(options, plans),
    reverts: createReverts(options),
    async drift(environment, { refresh = false } = {}) {
      await requireEnvironment(environment);
      return findDrift(environment, refresh, options);
    },
    unmanaged: (request) => listUnmanaged(request, options),
    adopt: (request) => adopt(request, options),
    facts: (request) => readFacts(request, options),
    async graph(environment) {
      await requireEnvironment(environment);
      const { owner, resources } = await store.readRecorded(sql, environment);
      return { version: 1, environment, ...(owner !== undefined && { owner }), resources };
    },
    async fingerprints(environment) {
      await requireEnvironment(environment);
      return findFingerprints((await store.readRecorded(sql, environment)).resources, options);
    },
    certificateNames: (host, address) => findCertificateNames(sql, host, address),
    environments: async () =>
      (await store.listEnvironments(sql)).map(({ owner, ...rest }) => ({
        ...rest,
        owner: owner ?? undefined,
      })),
    sealedInUse: () => store.listSealed(sql),
    filesInUse: () => store.listFiles(sql, { applies: keptFileApplies }),
    async prune() {
      const now = options.clock.now();
      await applyStore.deleteApplies(sql, now - keepAppliesMs);
      await store.deletePlans(sql, now - keepPlansMs);
      await store.deleteVersions(sql, now - 2 * keepPlansMs);
    },
  };
}

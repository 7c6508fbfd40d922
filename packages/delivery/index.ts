import type { Route } from "@havn/http";
import { type Apply, HavnError, type Release } from "@havn/model";
import { migrate } from "@havn/postgres";
import { type Artifacts, openArtifacts } from "./artifacts/store.ts";
import { balancerExecutor } from "./executors/balancer.ts";
import { serviceExecutor } from "./executors/service.ts";
import { artifactMissing, createHostAccess, parse } from "./hosts.ts";
import { restartInstance } from "./instances/restart.ts";
import type { DeliveryOptions, ResourceExecutor } from "./interfaces.ts";
import { deliveryRoutes } from "./routes.ts";
import { type DeliveryStatus, publicRelease, readStatus } from "./status.ts";
import {
  deleteRollouts,
  findRelease,
  findService,
  listInstances,
  listReleases,
  listSealed,
} from "./store.ts";

export type { Artifacts, StoredArtifact } from "./artifacts/store.ts";
export type { DeliveryOptions, ResourceExecutor } from "./interfaces.ts";
export type { DeliveryStatus } from "./status.ts";

export interface Delivery {
  /** Types `service` and `balancer`. */
  executor: ResourceExecutor;
  /** `artifacts.read(sha256, offset)` answers agents' `artifact.read`. */
  artifacts: Artifacts;
  status(environment: string): Promise<DeliveryStatus>;
  releases: {
    /** Newest first. */
    list(environment: string, service?: string): Promise<Release[]>;
  };
  /** Starts an apply of the release that served before the present one. Throws a HavnError where there is none. */
  rollback(environment: string, service: string, actor: string): Promise<Apply>;
  /** Starts an apply of the present release on these hosts. Throws a HavnError where the service is not known. */
  scale(
    environment: string,
    service: string,
    to: { hosts: readonly string[]; actor: string },
  ): Promise<Apply>;
  /** Names of the hosts that serve it, in the order in which they were declared. */
  hostsOf(environment: string, service: string): Promise<string[]>;
  /** Restarts its instances on these hosts, each healthy before the next; those that run since `since` (ms) are left. */
  restart(
    environment: string,
    service: string,
    on: { hosts: readonly string[]; since: number },
  ): Promise<void>;
  /** Those of the source digests that must be uploaded before they can be deployed. */
  missingArtifacts(digests: string[]): Promise<string[]>;
  /** Ciphertexts of the repository that references in releases carry, by their names (`sealed`). */
  sealedInUse(): Promise<string[]>;
  /** Forgets rollouts that ended 90 days ago, but each service's latest, and removes artifacts that nobody needs. */
  prune(): Promise<void>;
  routes: Route[];
}

const keepRolloutsMs = 90 * 86_400_000;

/** Releases, rollouts and traffic. Runs its migrations first. */
export async function createDelivery(options: DeliveryOptions): Promise<Delivery> {
  const { sql } = options;
  await migrate(sql, "delivery", new URL("./migrations/", import.meta.url));
  const artifacts = await openArtifacts(sql, options.artifactsDirectory);
  const access = createHostAccess(options);
  const tools = { ...options, artifacts, access };
  const executors = [serviceExecutor(tools), balancerExecutor(tools)];
  const door: Omit<Delivery, "routes"> = {
    executor: oneExecutor(executors),
    artifacts,
    status: (environment) => readStatus(tools, environment),
    releases: {
      async list(environment, service) {
        const key = { environment, ...(service === undefined ? {} : { service }) };
        return (await listReleases(sql, key)).map(publicRelease);
      },
    },
    async rollback(environment, service, actor) {
      const resource = await previousResource(environment, service);
      return await options.startApply({ kind: "rollback", resource, actor });
    },
    async scale(environment, service, { hosts, actor }) {
      const { resource } = await serving(environment, service);
      const scaled = { ...resource, properties: { ...resource.properties, hosts: [...hosts] } };
      return await options.startApply({ kind: "deploy", resource: scaled, actor });
    },
    hostsOf: async (environment, service) => parse((await serving(environment, service)).resource).hosts,
    async restart(environment, service, { hosts, since }) {
      const { resource } = await serving(environment, service);
      const instances = await listInstances(sql, { environment, service });
      for (const host of hosts)
        for (const one of instances.filter((instance) => instance.host === host && instance.serving))
          await restartInstance({ ...tools, properties: parse(resource) }, one, since);
    },
    async missingArtifacts(digests) {
      const found = await Promise.all(
        [...new Set(digests)].map(async (digest) => ({ digest, here: await artifacts.find(digest) })),
      );
      return found.filter(({ here }) => here === undefined).map(({ digest }) => digest);
    },
    sealedInUse: () => listSealed(sql),
    async prune() {
      await deleteRollouts(sql, options.clock.now() - keepRolloutsMs);
      await artifacts.clean();
      await artifacts.files.clean(options.filesInUse, options.clock.now());
    },
  };
  return { ...door, routes: deliveryRoutes(door) };

  async function serving(environment: string, service: string) {
    const found = await findService(sql, { environment, service });
    if (found) return found;
    throw new HavnError(`There is no service ${service} in ${environment}`, {
      detail: "Look at the services with `havn status`.",
      status: 404,
    });
  }

  /** The release before, on the hosts of today. */
  async function previousResource(environment: string, service: string) {
    const key = { environment, service };
    const now = await serving(environment, service);
    const present = await findRelease(sql, key, now.release);
    const previous = present?.follows ? await findRelease(sql, key, present.follows) : undefined;
    if (!previous)
      throw new HavnError(`${service} has no release before ${present?.number ?? "this one"}`, {
        detail: "There is nothing to roll back to.",
        status: 409,
      });
    if (!(await artifacts.find(previous.sourceDigest))) throw artifactMissing(service, previous.number);
    const { hosts, startTimeout } = parse(now.resource);
    const properties = { ...previous.resource.properties, hosts, startTimeout };
    return { ...now.resource, properties };
  }
}

/** One executor in front of several, by the type of the resource. */
function oneExecutor(executors: ResourceExecutor[]): ResourceExecutor {
  const of = (type: string | undefined) => {
    const found = executors.find(({ types }) => type !== undefined && types.includes(type));
    if (!found) throw new TypeError(`delivery does not make resources of type ${type}`);
    return found;
  };
  return {
    types: executors.flatMap(({ types }) => types),
    plan: (desired, prior) => of((desired ?? prior)?.type).plan(desired, prior),
    apply: (run, change, desired, context) => of(desired.type).apply(run, change, desired, context),
    remove: (run, prior, context) => of(prior.type).remove(run, prior, context),
  };
}

import type { HostDesired, ResourceReading, ResourceReport } from "@havn/fleet/protocol";
import type { Clock, Resource } from "@havn/model";
import { applyBundle, type Bundle, type Progress } from "./host/bundle.ts";
import { openMemory } from "./host/memory.ts";
import { compare, type Entry, type Secrets, shown } from "./host/read.ts";

export type { Bundle, Progress } from "./host/bundle.ts";

/** The agent's half: what resources are on this host, and making them as they shall be. */
export interface ResourceHost {
  /** Compares each with the host, in the order given; changes nothing. A resource that cannot be read has `error`. */
  read(resources: readonly Resource[], secrets: Secrets): Promise<ResourceReading[]>;
  /**
   * Makes the resources real, one bundle at a time. The same `bundleId` again joins it, goes on with it after a crash,
   * or gives its reports once more. Never throws for a resource that fails: its report tells.
   */
  apply(bundle: Bundle, onProgress?: Progress): Promise<ResourceReport[]>;
  /** Those that are not as wanted, or cannot be read. Waits for a bundle that is under way. */
  drift(desired: Pick<HostDesired, "resources" | "secrets">): Promise<ResourceReading[]>;
}

/** `stateDirectory` belongs to the agent alone: journals of bundles, restarts that are due. Made if it is not there. */
export async function createResourceHost(options: {
  stateDirectory: string;
  clock: Clock;
}): Promise<ResourceHost> {
  const { stateDirectory, clock } = options;
  const memory = await openMemory(stateDirectory);
  const underWay = new Map<string, Promise<ResourceReport[]>>();
  let last: Promise<unknown> = Promise.resolve();

  function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  }

  async function read(resources: readonly Resource[], secrets: Secrets): Promise<ResourceReading[]> {
    const entries = resources.map((resource): Entry => ({ resource, wanted: "present" }));
    return (await compare(entries, memory, secrets)).map((one) => ({
      address: one.resource.address,
      ...shown(one, secrets),
      ...(one.error !== undefined && { error: one.error }),
    }));
  }

  return {
    read,
    apply(bundle, onProgress = () => {}) {
      const joined = underWay.get(bundle.bundleId);
      if (joined) return joined;
      const applying = oneAtATime(() =>
        applyBundle(bundle, { memory, clock, stateDirectory, onProgress }),
      ).finally(() => underWay.delete(bundle.bundleId));
      underWay.set(bundle.bundleId, applying);
      return applying;
    },
    drift: ({ resources, secrets }) =>
      oneAtATime(async () =>
        (await read(resources, secrets)).filter(
          ({ action, error }) => action !== "no-op" || error !== undefined,
        ),
      ),
  };
}

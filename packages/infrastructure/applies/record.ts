import type { Address, Apply, PlannedChange, Resource, Rollout } from "@havn/model";
import { hostAddressOf } from "@havn/plan";
import type { Run } from "@havn/workflows";
import type { InfrastructureOptions } from "../interfaces.ts";
import { secretPathsOf, secretValuesOf } from "../planning/read-hosts.ts";
import type * as store from "../store.ts";
import type { Progress } from "./progress.ts";
import type { Records } from "./records.ts";

/** Everything that an apply's parts need to know. */
export interface Applying {
  run: Run;
  options: InfrastructureOptions;
  apply: Apply;
  /** That the plan was made at. */
  serial: number;
  changes: ReadonlyMap<Address, PlannedChange>;
  desired: ReadonlyMap<Address, Resource>;
  prior: ReadonlyMap<Address, Resource>;
  rollouts: readonly Rollout[];
  /** Hosts of batches that are not begun, with why. */
  halted: Map<string, string>;
  /** Place in the order of application. */
  positions: ReadonlyMap<Address, number>;
  progress: Progress;
  records: Records;
  /** Of a revert: what hosts take back from what they recorded. */
  revert: store.StoredPlan["revert"];
}

/** Records in one transaction, then tells the hosts concerned what they shall be from now on. */
export async function record(
  applying: Applying,
  what: string,
  {
    put = [],
    remove = [],
    since,
    touched,
  }: {
    put?: readonly Address[];
    remove?: readonly Address[];
    since?: number;
    touched?: ReadonlyMap<Address, store.Touched>;
  },
): Promise<void> {
  if (put.length + remove.length === 0) return;
  const { run, apply, desired, prior, positions, records } = applying;
  const placed = put.flatMap((address) => {
    const resource = desired.get(address);
    return resource
      ? [{ resource, position: positions.get(address) ?? 0, touched: touched?.get(address) }]
      : [];
  });
  await run.step(`record ${what}`, () =>
    since === undefined
      ? records.write({ put: placed, remove })
      : records.writeUntouched({ put: placed, remove }, since),
  );
  // Asked of the store rather than of the step above: after a crash it changes nothing, and the hosts were not told yet.
  const changed = await run.step(`changed: ${what}`, () => records.findChanged([...put, ...remove]));
  const hosts = new Set(changed.map((address) => (desired.get(address) ?? prior.get(address))?.host));
  await Promise.all(
    [...hosts]
      .filter((name) => name !== undefined)
      .map((host) =>
        run.step(`tell ${host} of ${what}`, () =>
          inTurn(`${apply.environment}/${host}`, () => tellHost(applying, host)),
        ),
      ),
  );
}

/** The agent's own copy: it keeps that true without us. */
async function tellHost({ options, apply, records }: Applying, host: string): Promise<void> {
  const own = await records.listOnHost(host);
  const address = hostAddressOf({ address: `${apply.environment}/host/${host}`, host }) ?? "";
  await options.desired.putAll(address, {
    secrets: secretPathsOf(own),
    secretValues: secretValuesOf(own),
    resources: own,
  });
}

const telling = new Map<string, Promise<unknown>>();

/** Two applies may tell one host side by side: what was read last must be what it is told last. */
async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const turn = (telling.get(key) ?? Promise.resolve()).then(work);
  const settled = turn
    .catch(() => {})
    .finally(() => {
      if (telling.get(key) === settled) telling.delete(key);
    });
  telling.set(key, settled);
  return turn;
}

import type { Address, Apply, PlannedChange, Resource } from "@havn/model";
import { hostAddressOf } from "@havn/plan";
import type { Run } from "@havn/workflows";
import type { InfrastructureOptions } from "../interfaces.ts";
import { secretPathsOf } from "../planning/read-hosts.ts";
import * as store from "../store.ts";
import type { Progress } from "./progress.ts";

/** Everything that an apply's parts need to know. */
export interface Applying {
  run: Run;
  options: InfrastructureOptions;
  apply: Apply;
  changes: ReadonlyMap<Address, PlannedChange>;
  desired: ReadonlyMap<Address, Resource>;
  prior: ReadonlyMap<Address, Resource>;
  /** Place in the order of application. */
  positions: ReadonlyMap<Address, number>;
  progress: Progress;
}

/** Records in one transaction, then tells the hosts concerned what they shall be from now on. */
export async function record(
  applying: Applying,
  what: string,
  { put = [], remove = [] }: { put?: readonly Address[]; remove?: readonly Address[] },
): Promise<void> {
  if (put.length + remove.length === 0) return;
  const { run, options, apply, desired, prior, positions } = applying;
  await run.step(`record ${what}`, () =>
    options.sql.begin((db) =>
      store.recordResources(db, {
        environment: apply.environment,
        applyId: apply.id,
        at: options.clock.now(),
        put: put.flatMap((address) => {
          const resource = desired.get(address);
          return resource ? [{ resource, position: positions.get(address) ?? 0 }] : [];
        }),
        remove: [...remove],
      }),
    ),
  );
  // Not only the hosts whose rows changed: after a crash those had changed before, and were not told.
  const hosts = new Set(
    [...put, ...remove].map((address) => (desired.get(address) ?? prior.get(address))?.host),
  );
  for (const host of [...hosts].filter((name) => name !== undefined))
    await run.step(`tell ${host} of ${what}`, () => tellHost(applying, host));
}

/** The agent's own copy: it keeps that true without us. */
async function tellHost({ options, apply }: Applying, host: string): Promise<void> {
  const { resources } = await store.readRecorded(options.sql, apply.environment);
  const own = resources.filter((resource) => resource.host === host);
  const address = hostAddressOf({ address: `${apply.environment}/host/${host}`, host }) ?? "";
  await options.desired.put(address, "secrets", secretPathsOf(own));
  await options.desired.put(address, "resources", own);
}

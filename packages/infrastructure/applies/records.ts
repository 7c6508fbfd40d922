import type { Address, Apply, Resource } from "@havn/model";
import type { InfrastructureOptions } from "../interfaces.ts";
import * as store from "../store.ts";
import { together } from "./together.ts";

type Recorded = Pick<store.Recording, "put"> & { remove: readonly Address[] };

/**
 * What one running apply records and reads back. Bundles of many hosts end at about the same time: theirs goes in one
 * transaction, where each by itself would wait for the disk and for the lock of the environment.
 */
export function createRecords(
  { id: applyId, environment }: Apply,
  { sql, clock }: Pick<InfrastructureOptions, "sql" | "clock">,
) {
  const write = async (asked: readonly Recorded[], since?: number): Promise<void> => {
    await sql.begin((db) =>
      store.recordResources(db, {
        ...{ environment, applyId, at: clock.now(), since },
        put: asked.flatMap(({ put }) => put),
        remove: asked.flatMap(({ remove }) => remove),
      }),
    );
  };
  return {
    write: together(async (asked: readonly Recorded[]) => {
      await write(asked);
      return asked.map(() => undefined);
    }),
    /** Only what nobody else changed after the serial, or is about to. */
    writeUntouched: (recorded: Recorded, since: number) => write([recorded], since),
    /** Those whose recorded declaration this apply was the last to change or remove. */
    findChanged: together(async (asked: readonly Address[][]) => {
      const changed = new Set(await store.listChangedBy(sql, applyId, asked.flat()));
      return asked.map((addresses) => addresses.filter((address) => changed.has(address)));
    }),
    /** What is recorded of a host, in order of application. */
    listOnHost: together(async (hosts: readonly string[]): Promise<Resource[][]> => {
      const found = await store.listOnHosts(sql, environment, hosts);
      const byHost = Map.groupBy(found, ({ host }) => host);
      return hosts.map((host) => byHost.get(host) ?? []);
    }),
  };
}
export type Records = ReturnType<typeof createRecords>;

import type { Address } from "@havn/model";
import type { Db } from "../store.ts";

/** Who changed what is recorded of an address last, and when. */
export interface LastChange {
  address: Address;
  applyId: string;
  at: number;
}

export const listLastChanges = (db: Db, addresses: readonly Address[]): Promise<LastChange[]> => db`
  select address, apply_id as "applyId", changed_at as at
  from infrastructure.resource_version where address = any(${[...addresses]})`;

/** Those whose recorded declaration this apply was the last to change or remove. */
export const listChangedByApply = async (db: Db, applyId: string): Promise<Address[]> =>
  (
    await db<{ address: string }[]>`
      select address from infrastructure.resource_version where apply_id = ${applyId}`
  ).map(({ address }) => address);

/** Applies of these ids: who started them, what they were. */
export const listKinds = (
  db: Db,
  ids: readonly string[],
): Promise<{ id: string; kind: string; actor: string }[]> => db`
  select id, kind, actor from infrastructure.apply where id = any(${[...ids]})`;

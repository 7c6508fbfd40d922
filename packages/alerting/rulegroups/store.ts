import { jsonb, type Sql } from "@havn/postgres";
import type { RulesProperties } from "@havn/prometheus";

export interface DeclaredGroup {
  address: string;
  environment: string;
  name: string;
  properties: RulesProperties;
}

export const listGroups = (sql: Sql): Promise<DeclaredGroup[]> =>
  sql<DeclaredGroup[]>`select address, environment, name, properties from rules.rule_group order by address`;

export const findGroup = async (sql: Sql, address: string): Promise<DeclaredGroup | undefined> =>
  (
    await sql<DeclaredGroup[]>`
      select address, environment, name, properties from rules.rule_group where address = ${address}`
  )[0];

export const putGroup = (sql: Sql, { address, environment, name, properties }: DeclaredGroup) => sql`
  insert into rules.rule_group (address, environment, name, properties)
  values (${address}, ${environment}, ${name}, ${jsonb(sql, properties)})
  on conflict (address) do update set properties = excluded.properties`;

export const deleteGroup = (sql: Sql, address: string) =>
  sql`delete from rules.rule_group where address = ${address}`;

import type { RetentionProperties } from "@havn/model";
import { jsonb, type Sql } from "@havn/postgres";

export interface DeclaredRetention {
  address: string;
  environment: string;
  name: string;
  properties: RetentionProperties;
}

export const listRetentions = (sql: Sql): Promise<DeclaredRetention[]> =>
  sql<DeclaredRetention[]>`
    select address, environment, name, properties from telemetry.retention order by address`;

export const findRetention = async (sql: Sql, address: string): Promise<DeclaredRetention | undefined> =>
  (
    await sql<DeclaredRetention[]>`
      select address, environment, name, properties from telemetry.retention where address = ${address}`
  )[0];

export const putRetention = (sql: Sql, { address, environment, name, properties }: DeclaredRetention) => sql`
  insert into telemetry.retention (address, environment, name, properties)
  values (${address}, ${environment}, ${name}, ${jsonb(sql, properties)})
  on conflict (address) do update set properties = excluded.properties`;

export const deleteRetention = (sql: Sql, address: string) =>
  sql`delete from telemetry.retention where address = ${address}`;

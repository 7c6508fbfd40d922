import { jsonb, type Sql } from "@havn/postgres";
import type { ScrapeProperties } from "@havn/prometheus";

export interface DeclaredScrape {
  address: string;
  environment: string;
  name: string;
  properties: ScrapeProperties;
}

export const listScrapes = (sql: Sql): Promise<DeclaredScrape[]> =>
  sql<DeclaredScrape[]>`select address, environment, name, properties from telemetry.scrape order by address`;

export const findScrape = async (sql: Sql, address: string): Promise<DeclaredScrape | undefined> =>
  (
    await sql<DeclaredScrape[]>`
      select address, environment, name, properties from telemetry.scrape where address = ${address}`
  )[0];

export const putScrape = (sql: Sql, { address, environment, name, properties }: DeclaredScrape) => sql`
  insert into telemetry.scrape (address, environment, name, properties)
  values (${address}, ${environment}, ${name}, ${jsonb(sql, properties)})
  on conflict (address) do update set properties = excluded.properties`;

export const deleteScrape = (sql: Sql, address: string) =>
  sql`delete from telemetry.scrape where address = ${address}`;

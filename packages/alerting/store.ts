import type { AlertProperties, CheckProperties, NewEvent, NrpeProperties } from "@havn/model";
import { jsonb, type Sql, type TransactionSql } from "@havn/postgres";
import type { AlertRecord } from "./alerts/machine.ts";
import type { ToldRecord } from "./checks/told.ts";

export interface Rule {
  address: string;
  environment: string;
  name: string;
  properties: AlertProperties;
}

export interface Probe {
  address: string;
  environment: string;
  name: string;
  /** Address of the host whose agent probes; empty where the control plane does, or nobody asks. */
  host: string;
  properties: CheckProperties;
}

export const listRules = (sql: Sql): Promise<Rule[]> =>
  sql<Rule[]>`select address, environment, name, properties from alerting.rule order by address`;

export const putRule = (sql: Sql, rule: Rule) => sql`
  insert into alerting.rule (address, environment, name, properties)
  values (${rule.address}, ${rule.environment}, ${rule.name}, ${jsonb(sql, rule.properties)})
  on conflict (address) do update set properties = excluded.properties`;

export const deleteRule = (sql: Sql, address: string) =>
  sql`delete from alerting.rule where address = ${address}`;

export const listProbes = (sql: Sql): Promise<Probe[]> =>
  sql<Probe[]>`select address, environment, name, host, properties from alerting.probe order by address`;

export const listProbesOf = (sql: Sql, host: string): Promise<Probe[]> =>
  sql<Probe[]>`
    select address, environment, name, host, properties from alerting.probe where host = ${host} order by address`;

export const putProbe = (sql: Sql, probe: Probe) => sql`
  insert into alerting.probe (address, environment, name, host, properties)
  values (${probe.address}, ${probe.environment}, ${probe.name}, ${probe.host}, ${jsonb(sql, probe.properties)})
  on conflict (address) do update set host = excluded.host, properties = excluded.properties`;

export const deleteProbe = (sql: Sql, address: string) =>
  sql`delete from alerting.probe where address = ${address}`;

export const findProbe = async (sql: Sql, address: string): Promise<Probe | undefined> =>
  (
    await sql<Probe[]>`
      select address, environment, name, host, properties from alerting.probe where address = ${address}`
  )[0];

export interface Nrpe {
  address: string;
  environment: string;
  name: string;
  host: string;
  properties: NrpeProperties;
}

export const putNrpe = (sql: Sql, nrpe: Nrpe) => sql`
  insert into alerting.nrpe (address, environment, name, host, properties)
  values (${nrpe.address}, ${nrpe.environment}, ${nrpe.name}, ${nrpe.host}, ${jsonb(sql, nrpe.properties)})
  on conflict (address) do update set host = excluded.host, properties = excluded.properties`;

export const deleteNrpe = (sql: Sql, address: string) =>
  sql`delete from alerting.nrpe where address = ${address}`;

export const listNrpe = (sql: Sql): Promise<Nrpe[]> =>
  sql<Nrpe[]>`select address, environment, name, host, properties from alerting.nrpe order by address`;

export const listTold = async (sql: Sql): Promise<[address: string, record: ToldRecord][]> =>
  (await sql<{ address: string; record: ToldRecord }[]>`select address, record from alerting.told_check`).map(
    ({ address, record }) => [address, record],
  );

export const putTold = (sql: Sql, address: string, record: ToldRecord) => sql`
  insert into alerting.told_check (address, record) values (${address}, ${jsonb(sql, record)})
  on conflict (address) do update set record = excluded.record`;

export const deleteTold = (sql: Sql, address: string) =>
  sql`delete from alerting.told_check where address = ${address}`;

/** Of a rule, a check, an NRPE server or a route. */
export const findProperties = async (sql: Sql, address: string): Promise<object | undefined> =>
  (
    await sql<{ properties: object }[]>`
      select properties from alerting.rule where address = ${address}
      union all select properties from alerting.probe where address = ${address}
      union all select properties from alerting.nrpe where address = ${address}
      union all select properties from alerting.route where address = ${address}`
  )[0]?.properties;

export const listAlerts = async (sql: Sql): Promise<AlertRecord[]> =>
  (await sql<{ record: AlertRecord }[]>`select record from alerting.alert`).map(({ record }) => record);

export interface Change {
  fingerprint: string;
  /** Undefined: it is inactive. */
  after: AlertRecord | undefined;
  event: NewEvent | undefined;
}

/** Alerts' states and what the timeline must be told of them: all or nothing. */
export const saveChanges = (sql: Sql, changes: readonly Change[]) =>
  sql.begin(async (transaction) => {
    const kept = changes.flatMap(({ after }) => after ?? []);
    const gone = changes.filter(({ after }) => !after).map(({ fingerprint }) => fingerprint);
    const events = changes.flatMap(({ event }) => event ?? []);
    // Thousands change at a time: one statement for all of a kind.
    if (kept.length > 0) await upsertAlerts(transaction, kept);
    if (gone.length > 0) await transaction`delete from alerting.alert where fingerprint = any(${gone})`;
    if (events.length > 0)
      await transaction`insert into alerting.outbox (event)
        select event from jsonb_array_elements(${jsonb(transaction, events)}) with ordinality as one (event, place)
        order by place`;
  });

/** The last of equal ones stands. */
const upsertAlerts = (sql: TransactionSql, records: readonly AlertRecord[]) => sql`
  insert into alerting.alert (fingerprint, environment, state, record)
  select record->>'fingerprint', record->>'environment', record->>'state', record
  from jsonb_array_elements(${jsonb(sql, [...new Map(records.map((one) => [one.fingerprint, one])).values()])}) as record
  on conflict (fingerprint) do update set state = excluded.state, record = excluded.record`;

export const listOutbox = (sql: Sql): Promise<{ id: number; event: NewEvent }[]> =>
  sql<{ id: number; event: NewEvent }[]>`select id, event from alerting.outbox order by id`;

export const deleteFromOutbox = (sql: Sql, ids: readonly number[]) =>
  sql`delete from alerting.outbox where id = any(${[...ids]})`;

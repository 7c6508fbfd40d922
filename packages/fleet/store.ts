import type { Facts, HostProperties, MachineProperties } from "@havn/model";
import { jsonb, type Sql } from "@havn/postgres";
import type { MachineAccess, MachineState } from "./machines/provider.ts";

export interface HostRow {
  address: string;
  environment: string;
  name: string;
  properties: HostProperties;
  facts: Facts | null;
  state: "new" | "connected" | "lost";
  connectionId: string | null;
  lastSeen: number | null;
}

export interface MachineRow {
  address: string;
  environment: string;
  name: string;
  spec: MachineProperties;
  access: MachineAccess | null;
  state: MachineState;
  wanted: "running" | "stopped";
  /** Another one with each change of its state: names the change on the timeline. */
  episode: string;
}

const hostColumns = (sql: Sql) => sql`address, environment, name, properties, facts, state,
  connection_id as "connectionId", last_seen as "lastSeen"`;

export const findHost = async (sql: Sql, address: string): Promise<HostRow | undefined> =>
  (await sql<HostRow[]>`select ${hostColumns(sql)} from fleet.host where address = ${address}`)[0];

export const listHosts = (sql: Sql): Promise<HostRow[]> =>
  sql<HostRow[]>`select ${hostColumns(sql)} from fleet.host order by address`;

export const putHost = (
  sql: Sql,
  host: { address: string; environment: string; name: string; properties: HostProperties; at: number },
) => sql`
  insert into fleet.host (address, environment, name, properties, created_at)
  values (${host.address}, ${host.environment}, ${host.name}, ${jsonb(sql, host.properties)}, ${host.at})
  on conflict (address) do update set properties = excluded.properties`;

export const recordConnection = (
  sql: Sql,
  { address, connectionId, facts, at }: { address: string; connectionId: string; facts: Facts; at: number },
) => sql`
  update fleet.host set connection_id = ${connectionId}, facts = ${jsonb(sql, facts)}, last_seen = ${at}
  where address = ${address}`;

export const recordHostState = (
  sql: Sql,
  { address, state, at }: { address: string; state: HostRow["state"]; at: number },
) => sql`update fleet.host set state = ${state}, last_seen = ${at} where address = ${address}`;

/** All that is known of a host but its certificates, which stay as a record of what was revoked. */
export const deleteHost = (sql: Sql, address: string) =>
  sql.begin(async (transaction) => {
    await transaction`delete from fleet.host where address = ${address}`;
    await transaction`delete from fleet.desired where host = ${address}`;
    await transaction`delete from fleet.enrolment_token where host = ${address}`;
  });

export const findMachine = async (sql: Sql, address: string): Promise<MachineRow | undefined> =>
  (
    await sql<MachineRow[]>`
      select address, environment, name, spec, access, state, wanted, episode from fleet.machine
      where address = ${address}`
  )[0];

export const listMachines = (sql: Sql): Promise<MachineRow[]> =>
  sql<MachineRow[]>`
    select address, environment, name, spec, access, state, wanted, episode from fleet.machine order by address`;

export const putMachine = (
  sql: Sql,
  machine: { address: string; environment: string; name: string; spec: MachineProperties },
) => sql`
  insert into fleet.machine (address, environment, name, spec)
  values (${machine.address}, ${machine.environment}, ${machine.name}, ${jsonb(sql, machine.spec)})
  on conflict (address) do update set spec = excluded.spec, wanted = 'running'`;

const nextEpisode = (sql: Sql, state: MachineState) =>
  sql`case when state = ${state} then episode else gen_random_uuid()::text end`;

export const recordMachineAccess = (sql: Sql, address: string, access: MachineAccess) => sql`
  update fleet.machine set access = ${jsonb(sql, access)}, state = 'running', episode = ${nextEpisode(sql, "running")}
  where address = ${address}`;

export const recordMachineState = (sql: Sql, address: string, state: MachineState) => sql`
  update fleet.machine set state = ${state}, episode = ${nextEpisode(sql, state)} where address = ${address}`;

/** Nobody brings it up again: neither now nor at the next start. */
export const recordMachineGoing = (sql: Sql, address: string) =>
  sql`update fleet.machine set wanted = 'stopped', access = null where address = ${address}`;

export const recordMachineWanted = (sql: Sql, address: string, wanted: MachineRow["wanted"]) =>
  sql`update fleet.machine set wanted = ${wanted} where address = ${address}`;

export const deleteMachine = (sql: Sql, address: string) =>
  sql`delete from fleet.machine where address = ${address}`;

export const insertToken = (sql: Sql, token: { hash: Uint8Array; host: string; expiresAt: number }) => sql`
  insert into fleet.enrolment_token (hash, host, expires_at)
  values (${token.hash}, ${token.host}, ${token.expiresAt})`;

export const deleteOldTokens = (sql: Sql, before: number) =>
  sql`delete from fleet.enrolment_token where expires_at < ${before}`;

export interface TokenRow {
  host: string;
  expiresAt: number;
  usedAt: number | null;
}

export const findToken = async (sql: Sql, hash: Uint8Array): Promise<TokenRow | undefined> =>
  (
    await sql<TokenRow[]>`
      select host, expires_at as "expiresAt", used_at as "usedAt" from fleet.enrolment_token where hash = ${hash}`
  )[0];

/** True for exactly one caller. */
export const claimToken = async (sql: Sql, hash: Uint8Array, at: number): Promise<boolean> =>
  (
    await sql`
      update fleet.enrolment_token set used_at = ${at}
      where hash = ${hash} and used_at is null and expires_at > ${at} returning 1`
  ).length === 1;

export const insertCertificate = (
  sql: Sql,
  certificate: { serial: string; host: string; issuedAt: number; notAfter: number },
) => sql`
  insert into fleet.certificate (serial, host, issued_at, not_after)
  values (${certificate.serial}, ${certificate.host}, ${certificate.issuedAt}, ${certificate.notAfter})`;

export const deleteOldCertificates = (sql: Sql, expiredBefore: number) =>
  sql`delete from fleet.certificate where not_after < ${expiredBefore}`;

/** Whose certificate it is, unless it is unknown or revoked. */
export const findCertificateHost = async (sql: Sql, serial: string): Promise<string | undefined> =>
  (
    await sql<{ host: string }[]>`
      select host from fleet.certificate where serial = ${serial} and revoked_at is null`
  )[0]?.host;

export const revokeCertificates = (
  sql: Sql,
  { host, except, because, at }: { host: string; except?: string; because: string; at: number },
) => sql`
  update fleet.certificate set revoked_at = ${at}, revoked_because = ${because}
  where host = ${host} and revoked_at is null and serial <> ${except ?? ""}`;

/** Those issued before `serial`, once the agent has shown that it holds the newer one. */
export const revokeOlderCertificates = (sql: Sql, host: string, serial: string, at: number) => sql`
  update fleet.certificate set revoked_at = ${at}, revoked_because = 'renewed'
  where host = ${host} and revoked_at is null
    and issued_at < (select issued_at from fleet.certificate where serial = ${serial})`;

/** The new revision; undefined where all of these sections hold their values already. */
export const putDesiredSections = async (
  sql: Sql,
  host: string,
  sections: Readonly<Record<string, unknown>>,
): Promise<number | undefined> => {
  const patch = jsonb(sql, sections);
  const rows = await sql<{ revision: number }[]>`
    insert into fleet.desired as d (host, revision, sections) values (${host}, 1, ${patch})
    on conflict (host) do update set revision = d.revision + 1, sections = d.sections || ${patch}
      where d.sections || ${patch} is distinct from d.sections
    returning revision`;
  return rows[0]?.revision;
};

export const findDesired = async (
  sql: Sql,
  host: string,
): Promise<{ revision: number; sections: Record<string, unknown> } | undefined> =>
  (
    await sql<{ revision: number; sections: Record<string, unknown> }[]>`
      select revision, sections from fleet.desired where host = ${host}`
  )[0];

export const raiseRevision = async (sql: Sql, host: string, revision: number): Promise<number> => {
  const rows = await sql<{ revision: number }[]>`
    update fleet.desired set revision = greatest(revision, ${revision}) where host = ${host} returning revision`;
  return rows[0]?.revision ?? revision;
};

/** Ciphertexts that what hosts shall be refers to. */
export const listSealed = async (sql: Sql): Promise<string[]> =>
  (
    await sql<{ id: string }[]>`
      select distinct found #>> '{}' as id
      from fleet.desired, jsonb_path_query(sections, 'lax $.**.sealed ? (@.type() == "string")') found`
  ).map(({ id }) => id);

import type { Release, Resource } from "@havn/model";
import type { Sql, TransactionSql } from "@havn/postgres";

type Db = Sql | TransactionSql;

export interface ServiceKey {
  environment: string;
  service: string;
}

export interface ReleaseRow extends Release {
  sourceDigest: string;
  resource: Resource;
  follows: string | null;
  servedAt: number | null;
}

export interface ServiceRow {
  environment: string;
  name: string;
  address: string;
  release: string;
  resource: Resource;
}

export interface InstanceRow {
  environment: string;
  id: string;
  service: string;
  host: string;
  release: string;
  port: number;
  serving: boolean;
}

export interface BalancerRow {
  environment: string;
  name: string;
  address: string;
  host: string;
  service: string;
  port: number;
}

export interface SlotRow {
  slot: string;
  instance: string | null;
  ip: string;
  port: number;
  state: "ready" | "drain" | "maint";
}

export interface RolloutRow {
  id: string;
  service: string;
  release: string;
  previous: string | null;
  state: "running" | "finished" | "failed";
  detail: string;
}

const releaseColumns = (db: Db) => db`
  id, number, service, created_at as "createdAt", actor, changed, source_digest as "sourceDigest", resource,
  follows, served_at as "servedAt"`;

export const listReleases = (db: Db, { environment, service }: { environment: string; service?: string }) =>
  db<ReleaseRow[]>`
    select ${releaseColumns(db)} from delivery.release
    where environment = ${environment} ${service === undefined ? db`` : db`and service = ${service}`}
    order by service, number desc`;

export const findRelease = async (db: Db, { environment, service }: ServiceKey, id: string) => {
  const [row] = await db<ReleaseRow[]>`
    select ${releaseColumns(db)} from delivery.release
    where environment = ${environment} and service = ${service} and id = ${id}`;
  return row;
};

/** Numbers are given under a lock of the service, so that they have no gap and no twin. */
export const insertRelease = (
  sql: Sql,
  key: ServiceKey,
  release: Omit<ReleaseRow, "number" | "service" | "follows" | "servedAt">,
) =>
  sql.begin(async (db) => {
    await db`select pg_advisory_xact_lock(hashtext(${`havn.release ${key.environment}/${key.service}`}))`;
    const present = await findRelease(db, key, release.id);
    if (present) return present;
    const [row] = await db<ReleaseRow[]>`
      insert into delivery.release
        (environment, service, id, number, source_digest, resource, changed, actor, created_at)
      select ${key.environment}, ${key.service}, ${release.id},
        coalesce((select max(number) from delivery.release
          where environment = ${key.environment} and service = ${key.service}), 0) + 1,
        ${release.sourceDigest}, ${db.json(release.resource as never)}, ${release.changed}, ${release.actor},
        ${release.createdAt}
      returning ${releaseColumns(db)}`;
    if (!row) throw new Error("an insert without a conflict returns its row");
    return row;
  });

export const findService = async (db: Db, { environment, service }: ServiceKey) => {
  const [row] = await db<ServiceRow[]>`
    select * from delivery.service where environment = ${environment} and name = ${service}`;
  return row;
};

export const listServices = (db: Db, environment: string) => db<ServiceRow[]>`
  select * from delivery.service where environment = ${environment} order by name`;

/** What serves now. A way back keeps `follows`: a second rollback goes one further back, not forth again. */
export const recordServing = (
  sql: Sql,
  { environment, name, address, release, resource }: ServiceRow,
  at: number,
) =>
  sql.begin(async (db) => {
    const before = await findService(db, { environment, service: name });
    const from = before && (await findRelease(db, { environment, service: name }, before.release));
    const forward = from !== undefined && from.id !== release && from.follows !== release;
    await db`
      update delivery.release set served_at = coalesce(served_at, ${at}),
        follows = ${forward ? from.id : db`follows`}
      where environment = ${environment} and service = ${name} and id = ${release}`;
    await db`
      insert into delivery.service (environment, name, address, release, resource)
      values (${environment}, ${name}, ${address}, ${release}, ${db.json(resource as never)})
      on conflict (environment, name) do update
      set release = excluded.release, resource = excluded.resource, address = excluded.address`;
  });

export const deleteService = (sql: Sql, { environment, service }: ServiceKey) =>
  sql.begin(async (db) => {
    for (const table of ["service", "release", "rollout", "instance"])
      await db`delete from ${db(`delivery.${table}`)}
        where environment = ${environment} and ${db(table === "service" ? "name" : "service")} = ${service}`;
  });

export const listInstances = (
  db: Db,
  { environment, service, host }: { environment: string; service?: string; host?: string },
) => db<InstanceRow[]>`
  select * from delivery.instance where environment = ${environment}
  ${service === undefined ? db`` : db`and service = ${service}`}
  ${host === undefined ? db`` : db`and host = ${host}`}
  order by service, host, id`;

export const findPortOwner = async (db: Db, one: InstanceRow) => {
  const [row] = await db<InstanceRow[]>`
    select * from delivery.instance
    where environment = ${one.environment} and host = ${one.host} and port = ${one.port} and id <> ${one.id}`;
  return row;
};

export const putInstance = (db: Db, one: InstanceRow) => db`
  insert into delivery.instance (environment, id, service, host, release, port, serving)
  values (${one.environment}, ${one.id}, ${one.service}, ${one.host}, ${one.release}, ${one.port}, ${one.serving})
  on conflict (environment, host, id) do update set port = excluded.port, serving = excluded.serving`;

export const deleteInstance = (db: Db, { environment, host, id }: InstanceRow) => db`
  delete from delivery.instance where environment = ${environment} and host = ${host} and id = ${id}`;

export const markServing = (db: Db, environment: string, id: string) => db`
  update delivery.instance set serving = true where environment = ${environment} and id = ${id}`;

export const findBalancer = async (db: Db, environment: string, name: string) => {
  const [row] = await db<BalancerRow[]>`
    select * from delivery.balancer where environment = ${environment} and name = ${name}`;
  return row;
};

export const listBalancers = (
  db: Db,
  { environment, service, host }: { environment: string; service?: string; host?: string },
) => db<BalancerRow[]>`
  select * from delivery.balancer where environment = ${environment}
  ${service === undefined ? db`` : db`and service = ${service}`}
  ${host === undefined ? db`` : db`and host = ${host}`}
  order by name`;

export const putBalancer = (sql: Sql, one: BalancerRow, slots: number) =>
  sql.begin(async (db) => {
    await db`
      insert into delivery.balancer (environment, name, address, host, service, port)
      values (${one.environment}, ${one.name}, ${one.address}, ${one.host}, ${one.service}, ${one.port})
      on conflict (environment, name) do update
      set address = excluded.address, host = excluded.host, service = excluded.service, port = excluded.port`;
    await db`
      insert into delivery.slot (environment, balancer, slot)
      select ${one.environment}, ${one.name}, 'slot' || n from generate_series(1, ${slots}::int) n
      on conflict do nothing`;
  });

export const deleteBalancer = (db: Db, environment: string, name: string) => db`
  delete from delivery.balancer where environment = ${environment} and name = ${name}`;

export const listSlots = (db: Db, environment: string, balancer: string) => db<SlotRow[]>`
  select slot, instance, ip, port, state from delivery.slot
  where environment = ${environment} and balancer = ${balancer}
  order by substring(slot from 5)::int`;

export const putSlot = (db: Db, { environment, name }: BalancerRow, slot: SlotRow) => db`
  update delivery.slot
  set instance = ${slot.instance}, ip = ${slot.ip}, port = ${slot.port}, state = ${slot.state}
  where environment = ${environment} and balancer = ${name} and slot = ${slot.slot}`;

export const beginRollout = (db: Db, { environment }: ServiceKey, one: RolloutRow, at: number) => db`
  insert into delivery.rollout (id, environment, service, release, previous, state, detail, started_at)
  values (${one.id}, ${environment}, ${one.service}, ${one.release}, ${one.previous}, ${one.state}, ${one.detail}, ${at})
  on conflict (id) do nothing`;

export const updateRollout = (
  db: Db,
  id: string,
  { state, detail, endedAt }: { state: RolloutRow["state"]; detail: string; endedAt?: number },
) => db`
  update delivery.rollout set state = ${state}, detail = ${detail}, ended_at = ${endedAt ?? null}
  where id = ${id}`;

export const findLatestRollout = async (db: Db, { environment, service }: ServiceKey) => {
  const [row] = await db<RolloutRow[]>`
    select id, service, release, previous, state, detail from delivery.rollout
    where environment = ${environment} and service = ${service} order by started_at desc limit 1`;
  return row;
};

/** But for the latest of each service, which says how the service is. */
export const deleteRollouts = (db: Db, endedBefore: number) => db`
  delete from delivery.rollout r where ended_at < ${endedBefore} and exists (
    select 1 from delivery.rollout later
    where later.environment = r.environment and later.service = r.service and later.started_at > r.started_at)`;

export const findArtifact = async (db: Db, sourceDigest: string) => {
  const [row] = await db<{ sha256: string; size: number }[]>`
    select sha256, size from delivery.artifact where source_digest = ${sourceDigest}`;
  return row;
};

export const insertArtifact = (db: Db, one: { sourceDigest: string; sha256: string; size: number }) => db`
  insert into delivery.artifact (source_digest, sha256, size)
  values (${one.sourceDigest}, ${one.sha256}, ${one.size}) on conflict (source_digest) do nothing`;

export const deleteArtifact = (db: Db, sourceDigest: string) => db`
  delete from delivery.artifact where source_digest = ${sourceDigest}`;

/**
 * Artifacts that no release needs any more: not among the newest `keep` releases of a service, not serving now nor
 * next in line for a rollback, and no upload of the last day (its apply may be on the way).
 */
export const listUnneededArtifacts = (db: Db, keep: number) => db<{ sourceDigest: string; sha256: string }[]>`
  with needed as (
    select source_digest from (
      select source_digest, row_number() over (partition by environment, service order by number desc) as place
      from delivery.release) ranked
    where place <= ${keep}
    union
    select r.source_digest from delivery.service s
    join delivery.release r on r.environment = s.environment and r.service = s.name
      and (r.id = s.release or r.id = (
        select follows from delivery.release c
        where c.environment = s.environment and c.service = s.name and c.id = s.release)))
  select source_digest as "sourceDigest", sha256 from delivery.artifact
  where source_digest not in (select source_digest from needed) and stored_at < now() - interval '1 day'`;

export const isStored = async (db: Db, sha256: string) => {
  const [row] = await db`select 1 from delivery.artifact where sha256 = ${sha256} limit 1`;
  return row !== undefined;
};

/** Ciphertexts that releases refer to: a rollback needs them again. */
export const listSealed = async (sql: Db): Promise<string[]> =>
  (
    await sql<{ id: string }[]>`
      select distinct found #>> '{}' as id
      from delivery.release, jsonb_path_query(resource, 'lax $.**.sealed ? (@.type() == "string")') found`
  ).map(({ id }) => id);

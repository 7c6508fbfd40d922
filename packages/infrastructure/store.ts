import type { Address, Apply, Plan, Resource, ResourceGraph } from "@havn/model";
import type { Sql, TransactionSql } from "@havn/postgres";

export type Db = Sql | TransactionSql;
export type Json = Parameters<Sql["json"]>[0];

export const ensureEnvironment = (db: Db, name: string, owner: string | undefined) => db`
  insert into infrastructure.environment (name, owner) values (${name}, ${owner ?? null})
  on conflict (name) do update set owner = coalesce(excluded.owner, environment.owner)`;

export async function listEnvironments(
  db: Db,
): Promise<{ environment: string; owner: string | null; resources: number }[]> {
  return db`
    select name as environment, owner, (select count(*)::int from infrastructure.resource r where r.environment = name) as resources
    from infrastructure.environment order by name`;
}

/** What is recorded and the serial that it has, at one moment. The serial of an unknown environment is 0. */
export async function readRecorded(
  db: Db,
  environment: string,
): Promise<{ serial: number; owner: string | undefined; resources: Resource[] }> {
  const [row] = await db<{ serial: number | null; owner: string | null; resources: Resource[] | null }[]>`
    select max(e.serial) as serial, max(e.owner) as owner, jsonb_agg(r.body order by r.position) filter (where r.body is not null) as resources
    from infrastructure.environment e left join infrastructure.resource r on r.environment = e.name
    where e.name = ${environment}`;
  return { serial: row?.serial ?? 0, owner: row?.owner ?? undefined, resources: row?.resources ?? [] };
}

/** What applies did to a resource: they made it, or changed what was there. */
export type Touched = "created" | "changed";

export interface Recording {
  environment: string;
  applyId: string;
  at: number;
  /** With the place in the order of application. */
  put: { resource: Resource; position: number; touched?: Touched | undefined }[];
  remove: Address[];
  /** Serial that the plan was made at, for what the plan only found to be as declared. */
  since?: number | undefined;
}

/**
 * Records what was applied and removed; resources whose declaration that changed get a new serial, and so does the
 * environment. With `since`, what somebody else changed after that serial, or is about to change, stays as it is.
 */
export async function recordResources(
  db: TransactionSql,
  { environment, applyId, at, put, remove, since }: Recording,
): Promise<void> {
  // Serials of an environment become visible in their order: a plan that read one has read all before it.
  await lockEnvironment(db, environment);
  const rows = put.map(({ resource, position }) => ({ address: resource.address, position, body: resource }));
  const changed = await db<{ address: string }[]>`
    with new as (
      select address, position, body
      from jsonb_to_recordset(${db.json(rows as unknown as Json)}) as new (address text, position int, body jsonb)
      ${since === undefined ? db`` : db`where ${untouched(db, since, applyId)}`}
    ), different as (
      select new.address from new left join infrastructure.resource old using (address)
      where (old.body - 'location') is distinct from (new.body - 'location')
    ), kept as (
      insert into infrastructure.resource (address, environment, position, body, applied_at, apply_id)
      select address, ${environment}, position, body, ${at}, ${applyId} from new
      on conflict (address) do update set position = excluded.position, body = excluded.body,
        applied_at = excluded.applied_at, apply_id = excluded.apply_id
      where (resource.body, resource.position) is distinct from (excluded.body, excluded.position)
    )
    select address from different`;
  const touched = put.flatMap(({ resource: { address }, touched }) =>
    touched ? [{ address, touched }] : [],
  );
  if (touched.length > 0)
    await db`
      update infrastructure.resource set touched = new.touched
      from jsonb_to_recordset(${db.json(touched)}) as new (address text, touched text)
      where resource.address = new.address and resource.touched is distinct from 'created'`;
  const removed = await db<{ address: string }[]>`
    delete from infrastructure.resource where address = any(${remove}) returning address`;
  const addresses = [...changed, ...removed].map(({ address }) => address);
  if (addresses.length === 0) return;
  await db`
    with risen as (
      update infrastructure.environment set serial = nextval('infrastructure.serial') where name = ${environment} returning serial
    )
    insert into infrastructure.resource_version (address, environment, serial, apply_id, changed_at)
    select address, ${environment}, serial, ${applyId}, ${at} from risen, unnest(${addresses}::text[]) as address
    on conflict (address) do update set environment = excluded.environment, serial = excluded.serial,
      apply_id = excluded.apply_id, changed_at = excluded.changed_at`;
}

/** Of a row `new`: nobody else changed it after the serial, nor is about to. */
const untouched = (db: Db, serial: number, applyId: string) => db`
  not exists (select 1 from infrastructure.resource_version v
    where v.address = new.address and v.serial > ${serial} and v.apply_id <> ${applyId})
  and not exists (select 1 from infrastructure.lease l
    where l.address = new.address and l.exclusive and l.apply_id <> ${applyId})`;

/** Those of `addresses` whose recorded declaration this apply was the last to change or remove. */
export const listChangedBy = async (
  db: Db,
  applyId: string,
  addresses: readonly Address[],
): Promise<Address[]> =>
  (
    await db<{ address: string }[]>`
      select address from infrastructure.resource_version
      where apply_id = ${applyId} and address = any(${[...addresses]})`
  ).map(({ address }) => address);

/** What applies did to those of `addresses` that they changed. */
export const listTouched = async (db: Db, addresses: readonly Address[]): Promise<Record<Address, Touched>> =>
  Object.fromEntries(
    (
      await db<{ address: string; touched: Touched }[]>`
        select address, touched from infrastructure.resource
        where address = any(${[...addresses]}) and touched is not null`
    ).map(({ address, touched }) => [address, touched]),
  );

/** What is recorded of hosts, in order of application. */
export const listOnHosts = async (
  db: Db,
  environment: string,
  hosts: readonly string[],
): Promise<Resource[]> =>
  (
    await db<{ body: Resource }[]>`
      select body from infrastructure.resource
      where environment = ${environment} and body ->> 'host' = any(${[...hosts]}) order by position`
  ).map(({ body }) => body);

/** Takes an environment that holds nothing, and that nobody is about to fill, off the list. */
export const forgetEmptyEnvironment = (sql: Sql, name: string) =>
  sql.begin(async (db) => {
    await lockEnvironment(db, name);
    await db`
      delete from infrastructure.environment e
      where name = ${name} and not exists (select 1 from infrastructure.resource r where r.environment = e.name)
        and not exists (select 1 from infrastructure.apply a where a.environment = e.name and a.state = 'running')`;
  });

export interface StoredPlan {
  plan: Plan;
  kind: "apply" | "destroy" | "revert";
  serial: number;
  graph: ResourceGraph;
  /** What was recorded of the resources that change. */
  prior: Resource[];
  /** Of a revert: the apply that it takes back, and what hosts do from what they recorded then. */
  revert?: { applyId: string; undo: Address[] } | undefined;
}

export const insertPlan = (db: Db, { plan, kind, serial, graph, prior, revert }: StoredPlan) => db`
  insert into infrastructure.plan (id, environment, kind, serial, created_at, graph, prior, body, revert)
  values (${plan.id}, ${plan.environment}, ${kind}, ${serial}, ${plan.createdAt}, ${db.json(graph as unknown as Json)},
    ${db.json(prior as unknown as Json)}, ${db.json(plan as unknown as Json)}, ${revert ? db.json(revert) : null})`;

export async function findPlan(db: Db, id: string): Promise<StoredPlan | undefined> {
  const [row] = await db<(StoredPlan & { revert: StoredPlan["revert"] | null })[]>`
    select body as plan, kind, serial, graph, prior, revert from infrastructure.plan where id = ${id}`;
  return row && { ...row, revert: row.revert ?? undefined };
}

export const lockEnvironment = async (db: TransactionSql, name: string): Promise<number> => {
  const [row] = await db<{ serial: number }[]>`
    select serial from infrastructure.environment where name = ${name} for update`;
  return row?.serial ?? 0;
};

/** Leases of running applies on any of these addresses, the oldest apply first; only exclusive ones on `reads`. */
export const listLeases = (
  db: Db,
  environment: string,
  { changes, reads }: { changes: Address[]; reads: Address[] },
): Promise<{ id: string; actor: string; kind: Apply["kind"]; address: Address; exclusive: boolean }[]> => db`
  select a.id, a.actor, a.kind, l.address, l.exclusive
  from infrastructure.lease l join infrastructure.apply a on a.id = l.apply_id
  where a.environment = ${environment} and a.state = 'running'
    and (l.address = any(${changes}) or (l.exclusive and l.address = any(${reads})))
  order by a.started_at, a.id, l.address`;

export const insertLeases = (
  db: Db,
  applyId: string,
  { changes, reads }: { changes: Iterable<Address>; reads: Iterable<Address> },
) => db`
  insert into infrastructure.lease (address, apply_id, exclusive)
  select address, ${applyId}, true from unnest(${[...changes]}::text[]) as address
  union all
  select address, ${applyId}, false from unnest(${[...reads]}::text[]) as address`;

/** What was changed after a serial, as it is recorded now; without a resource where it has gone. */
export async function listChangedSince(
  db: Db,
  environment: string,
  serial: number,
): Promise<{ address: Address; resource?: Resource | undefined }[]> {
  const rows = await db<{ address: string; body: Resource | null }[]>`
    select v.address, r.body
    from infrastructure.resource_version v left join infrastructure.resource r using (address)
    where v.environment = ${environment} and v.serial > ${serial} order by v.address`;
  return rows.map(({ address, body }) => ({ address, ...(body && { resource: body }) }));
}

/** Graphs of the plans that are being applied, the newest apply first. */
export const listRunningGraphs = async (db: Db, environment: string): Promise<ResourceGraph[]> =>
  (
    await db<{ graph: ResourceGraph }[]>`
      select p.graph from infrastructure.apply a join infrastructure.plan p on p.id = a.plan_id
      where a.environment = ${environment} and a.state = 'running' order by a.started_at desc`
  ).map(({ graph }) => graph);

/** What is known of resources that went before a time: no plan is that old. */
export const deleteVersions = (db: Db, changedBefore: number) => db`
  delete from infrastructure.resource_version v where changed_at < ${changedBefore}
    and not exists (select 1 from infrastructure.resource r where r.address = v.address)`;

/** Plans that nobody applied. */
export const deletePlans = (db: Db, createdBefore: number) => db`
  delete from infrastructure.plan where created_at < ${createdBefore}
    and not exists (select 1 from infrastructure.apply where plan_id = plan.id)`;

/** Ciphertexts that what was applied last refers to. */
export const listSealed = async (sql: Db): Promise<string[]> =>
  (
    await sql<{ id: string }[]>`
      select distinct found #>> '{}' as id
      from infrastructure.resource, jsonb_path_query(body, 'lax $.**.sealed ? (@.type() == "string")') found`
  ).map(({ id }) => id);

/**
 * Digests of the files of what was applied last, of plans that nobody applied yet, of applies that run and of the newest
 * `applies` of each environment, with what these found.
 */
export const listFiles = async (sql: Db, { applies }: { applies: number }): Promise<string[]> =>
  (
    await sql<{ digest: string }[]>`
      with applied as (
        select plan_id, state, row_number() over (partition by environment order by started_at desc) as place
        from infrastructure.apply
      ), kept as (
        select p.graph, p.prior from infrastructure.plan p left join applied a on a.plan_id = p.id
        where a.plan_id is null or a.state = 'running' or a.place <= ${applies}
      ), body as (
        select body from infrastructure.resource
        union all select jsonb_array_elements(graph -> 'resources') from kept
        union all select jsonb_array_elements(prior) from kept
      )
      select distinct body #>> '{properties,source,digest}' as digest from body
      where body ->> 'type' = 'file' and body #> '{properties,source}' is not null`
  ).map(({ digest }) => digest);

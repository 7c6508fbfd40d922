import {
  type Address,
  type Apply,
  type ApplyStep,
  applySchema,
  applyStepSchema,
  type Plan,
  type Resource,
  type ResourceGraph,
} from "@havn/model";
import type { Sql, TransactionSql } from "@havn/postgres";

type Db = Sql | TransactionSql;
type Json = Parameters<Sql["json"]>[0];

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

export interface Recording {
  environment: string;
  applyId: string;
  at: number;
  /** With the place in the order of application. */
  put: { resource: Resource; position: number }[];
  remove: Address[];
}

/** Records what was applied and removed. The serial rises if that changed anything. */
export async function recordResources(
  db: Db,
  { environment, applyId, at, put, remove }: Recording,
): Promise<void> {
  const rows = put.map(({ resource, position }) => ({ address: resource.address, position, body: resource }));
  const changed = await db`
    insert into infrastructure.resource (address, environment, position, body, applied_at, apply_id)
    select address, ${environment}, position, body, ${at}, ${applyId}
    from jsonb_to_recordset(${db.json(rows as unknown as Json)}) as r (address text, position int, body jsonb)
    on conflict (address) do update set position = excluded.position, body = excluded.body,
      applied_at = excluded.applied_at, apply_id = excluded.apply_id
    where (resource.body, resource.position) is distinct from (excluded.body, excluded.position)
    returning address`;
  const removed = await db`
    delete from infrastructure.resource where address = any(${remove}) returning address`;
  if (changed.length + removed.length > 0)
    await db`update infrastructure.environment set serial = serial + 1 where name = ${environment}`;
}

/** Takes an environment that holds nothing off the list. */
export const forgetEmptyEnvironment = (db: Db, name: string) => db`
  delete from infrastructure.environment e
  where name = ${name} and not exists (select 1 from infrastructure.resource r where r.environment = e.name)`;

export interface StoredPlan {
  plan: Plan;
  kind: "apply" | "destroy";
  serial: number;
  graph: ResourceGraph;
  /** What was recorded of the resources that change. */
  prior: Resource[];
}

export const insertPlan = (db: Db, { plan, kind, serial, graph, prior }: StoredPlan) => db`
  insert into infrastructure.plan (id, environment, kind, serial, created_at, graph, prior, body)
  values (${plan.id}, ${plan.environment}, ${kind}, ${serial}, ${plan.createdAt}, ${db.json(graph as unknown as Json)},
    ${db.json(prior as unknown as Json)}, ${db.json(plan as unknown as Json)})`;

export async function findPlan(db: Db, id: string): Promise<StoredPlan | undefined> {
  const [row] = await db<StoredPlan[]>`
    select body as plan, kind, serial, graph, prior from infrastructure.plan where id = ${id}`;
  return row;
}

export const lockEnvironment = async (db: TransactionSql, name: string): Promise<number> => {
  const [row] = await db<{ serial: number }[]>`
    select serial from infrastructure.environment where name = ${name} for update`;
  return row?.serial ?? 0;
};

export async function findRunningApply(db: Db, environment: string): Promise<string | undefined> {
  const [row] = await db<{ id: string }[]>`
    select id from infrastructure.apply where environment = ${environment} and state = 'running'`;
  return row?.id;
}

export const listRunningApplies = async (db: Db): Promise<string[]> =>
  (await db<{ id: string }[]>`select id from infrastructure.apply where state = 'running'`).map(
    ({ id }) => id,
  );

export async function insertApply(db: Db, apply: Apply): Promise<void> {
  await db`
    insert into infrastructure.apply (id, environment, kind, plan_id, state, actor, started_at)
    values (${apply.id}, ${apply.environment}, ${apply.kind}, ${apply.planId ?? ""}, ${apply.state}, ${apply.actor}, ${apply.startedAt})`;
  const steps = apply.steps.map(({ address, action, state }, position) => ({
    ...{ apply_id: apply.id, position, address, action, state },
  }));
  if (steps.length > 0) await db`insert into infrastructure.apply_step ${db(steps)}`;
}

/** A step that has ended stays as it ended. */
export const updateSteps = (db: Db, applyId: string, steps: readonly ApplyStep[]) => db`
  update infrastructure.apply_step as step set state = new.state, detail = new.detail, error = new.error,
    started_at = coalesce(step.started_at, new."startedAt"), ended_at = new."endedAt"
  from jsonb_to_recordset(${db.json(steps as unknown as Json)})
    as new (address text, state text, detail text, error text, "startedAt" bigint, "endedAt" bigint)
  where step.apply_id = ${applyId} and step.address = new.address and step.state in ('waiting', 'running')`;

/** The first end counts. */
export const endApply = (db: Db, apply: Pick<Apply, "id" | "state" | "error"> & { endedAt: number }) => db`
  update infrastructure.apply set state = ${apply.state}, ended_at = ${apply.endedAt}, error = ${apply.error ?? null}
  where id = ${apply.id} and state = 'running'`;

export async function findApply(db: Db, id: string): Promise<Apply | undefined> {
  const [apply] = await listWhere(db, db`id = ${id}`);
  return apply;
}

export interface ApplyFilter {
  environment?: string | undefined;
  state?: Apply["state"] | undefined;
}

/** Newest first, at most 100. */
export const listApplies = (db: Db, { environment, state }: ApplyFilter): Promise<Apply[]> =>
  listWhere(
    db,
    db`true ${environment === undefined ? db`` : db`and environment = ${environment}`}
      ${state === undefined ? db`` : db`and state = ${state}`}`,
  );

/** Applies that ended before a time, with their steps. */
export const deleteApplies = (sql: Sql, endedBefore: number) =>
  sql.begin(async (db) => {
    await db`
      delete from infrastructure.apply_step where apply_id in
        (select id from infrastructure.apply where ended_at < ${endedBefore})`;
    await db`delete from infrastructure.apply where ended_at < ${endedBefore}`;
  });

/** Plans that nobody applied. */
export const deletePlans = (db: Db, createdBefore: number) => db`
  delete from infrastructure.plan where created_at < ${createdBefore}
    and not exists (select 1 from infrastructure.apply where plan_id = plan.id)`;

async function listWhere(db: Db, condition: ReturnType<Db>): Promise<Apply[]> {
  const rows = await db<Record<string, unknown>[]>`
    select id, environment, kind, plan_id as "planId", state, actor, started_at as "startedAt", ended_at as "endedAt", error,
      (select coalesce(jsonb_agg(jsonb_build_object('address', address, 'action', action, 'state', state, 'detail', detail,
          'error', error, 'startedAt', started_at, 'endedAt', ended_at) order by position), '[]')
        from infrastructure.apply_step where apply_id = apply.id) as steps
    from infrastructure.apply where ${condition} order by started_at desc, id desc limit 100`;
  return rows.map((row) =>
    applySchema.parse({ ...dropNulls(row), steps: (row.steps as object[]).map(toStep) }),
  );
}

const toStep = (row: object): ApplyStep => applyStepSchema.parse(dropNulls(row));

const dropNulls = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

import {
  type Apply,
  type ApplyBatch,
  type ApplyStep,
  type ApplyWait,
  applySchema,
  applyStepSchema,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Db, Json } from "../store.ts";

export async function insertApply(db: Db, apply: Apply): Promise<void> {
  await db`
    insert into infrastructure.apply (id, environment, kind, plan_id, state, actor, started_at, resumes, batches)
    values (${apply.id}, ${apply.environment}, ${apply.kind}, ${apply.planId ?? ""}, ${apply.state}, ${apply.actor},
      ${apply.startedAt}, ${apply.resumes ?? null}, ${apply.batches ? db.json(apply.batches as unknown as Json) : null})`;
  const steps = apply.steps.map(({ address, action, state }, position) => ({
    ...{ position, address, action, state },
  }));
  // As JSON: a statement takes 65,535 parameters, an apply may have more.
  await db`
    insert into infrastructure.apply_step (apply_id, position, address, action, state)
    select ${apply.id}, position, address, action, state
    from jsonb_to_recordset(${db.json(steps)}) as new (position int, address text, action text, state text)`;
}

/** A step that has ended stays as it ended. */
export const updateSteps = (sql: Sql, applyId: string, steps: readonly ApplyStep[]) =>
  sql.begin(async (db) => {
    // PostgreSQL takes a list for a hundred rows, and a new apply for one of few steps: each would be compared with all.
    await db`set local enable_nestloop = off`;
    await db`
      update infrastructure.apply_step as step set state = new.state, detail = new.detail, error = new.error,
        duration_ms = new."durationMs", outcome = new.outcome, started_at = coalesce(step.started_at, new."startedAt"), ended_at = new."endedAt"
      from jsonb_to_recordset(${db.json(steps as unknown as Json)})
        as new (address text, state text, detail text, error text, "startedAt" bigint, "endedAt" bigint,
          "durationMs" double precision, outcome text)
      where step.apply_id = ${applyId} and step.address = new.address and step.state in ('waiting', 'running')`;
  });

/** The first end counts. What it held is free from now on. */
export const endApply = (db: Db, apply: Pick<Apply, "id" | "state" | "error"> & { endedAt: number }) => db`
  with ended as (
    update infrastructure.apply set state = ${apply.state}, ended_at = ${apply.endedAt}, error = ${apply.error ?? null}
    where id = ${apply.id} and state = 'running' returning id
  )
  delete from infrastructure.lease where apply_id in (select id from ended)`;

export const updateBatches = (db: Db, applyId: string, batches: readonly ApplyBatch[]) => db`
  update infrastructure.apply set batches = ${db.json(batches as unknown as Json)} where id = ${applyId}`;

export const updateWaits = (db: Db, applyId: string, waits: readonly ApplyWait[]) => db`
  update infrastructure.apply set waits = ${db.json(waits as unknown as Json)} where id = ${applyId}`;

export async function findApply(db: Db, id: string): Promise<Apply | undefined> {
  const [apply] = await listWhere(db, db`id = ${id}`);
  return apply;
}

export interface ApplyFilter {
  environment?: string | undefined;
  state?: Apply["state"] | undefined;
  /** False: how many there are in each state instead of each of them. Unset: true. */
  steps?: boolean | undefined;
}

/** Newest first, at most 100. */
export const listApplies = (db: Db, { environment, state, steps }: ApplyFilter): Promise<Apply[]> =>
  listWhere(
    db,
    db`true ${environment === undefined ? db`` : db`and environment = ${environment}`}
      ${state === undefined ? db`` : db`and state = ${state}`}`,
    steps,
  );

/** Applies that ended before a time, with their steps. */
export const deleteApplies = (sql: Sql, endedBefore: number) =>
  sql.begin(async (db) => {
    await db`
      delete from infrastructure.apply_step where apply_id in
        (select id from infrastructure.apply where ended_at < ${endedBefore})`;
    await db`delete from infrastructure.apply where ended_at < ${endedBefore}`;
  });

export const listRunningApplies = async (db: Db): Promise<string[]> =>
  (await db<{ id: string }[]>`select id from infrastructure.apply where state = 'running'`).map(
    ({ id }) => id,
  );

async function listWhere(db: Db, condition: ReturnType<Db>, withSteps = true): Promise<Apply[]> {
  const steps = withSteps
    ? db`(select coalesce(jsonb_agg(jsonb_build_object('address', address, 'action', action, 'state', state, 'detail', detail,
          'error', error, 'startedAt', started_at, 'endedAt', ended_at, 'durationMs', duration_ms, 'outcome', outcome) order by position), '[]')
        from infrastructure.apply_step where apply_id = apply.id) as steps`
    : db`(select coalesce(jsonb_object_agg(state, count), '{}') from
        (select state, count(*) from infrastructure.apply_step where apply_id = apply.id group by state) as counted) as counts,
      '[]'::jsonb as steps`;
  const rows = await db<Record<string, unknown>[]>`
    select id, environment, kind, plan_id as "planId", state, actor, started_at as "startedAt", ended_at as "endedAt", error,
      resumes, batches, waits, ${steps}
    from infrastructure.apply where ${condition} order by started_at desc, id desc limit 100`;
  return rows.map((row) =>
    applySchema.parse({ ...dropNulls(row), steps: (row.steps as object[]).map(toStep) }),
  );
}

const toStep = (row: object): ApplyStep => applyStepSchema.parse(dropNulls(row));

const dropNulls = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

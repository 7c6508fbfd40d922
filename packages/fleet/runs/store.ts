import type { HostRun, Run, RunTask } from "@havn/model";
import type { Sql } from "@havn/postgres";

type RunRow = Omit<Run, "results" | "environment" | "again" | "startedAt" | "endedAt" | "inputBytes"> & {
  environment: string | null;
  again: string | null;
  startedAt: number | null;
  endedAt: number | null;
  inputBytes: number | null;
};
type HostRow = { [K in keyof HostRun]: HostRun[K] | null } & {
  run: string;
  host: string;
  state: HostRun["state"];
};

export interface NewRun {
  id: string;
  task: RunTask;
  hosts: string;
  environment: string | undefined;
  concurrency: number;
  actor: string;
  again: string | undefined;
  createdAt: number;
  inputBytes: number | undefined;
  /** Addresses, in order. */
  addresses: readonly string[];
}

export const addRun = (sql: Sql, run: NewRun) =>
  sql.begin(async (transaction) => {
    await transaction`
      insert into fleet.run (id, task, hosts, environment, concurrency, actor, again, created_at, input_bytes)
      values (${run.id}, ${transaction.json(run.task)}, ${run.hosts}, ${run.environment ?? null},
        ${run.concurrency}, ${run.actor}, ${run.again ?? null}, ${run.createdAt}, ${run.inputBytes ?? null})`;
    await transaction`
      insert into fleet.run_host (run, host, position)
      select ${run.id}, host, position
      from unnest(${[...run.addresses]}::text[]) with ordinality as chosen (host, position)`;
  });

const runColumns = (sql: Sql) => sql`id, task, hosts, environment, concurrency, actor, again, state,
  created_at as "createdAt", started_at as "startedAt", ended_at as "endedAt", input_bytes as "inputBytes"`;

export async function findRun(sql: Sql, id: string, output: boolean): Promise<Run | undefined> {
  const [row] = await sql<RunRow[]>`select ${runColumns(sql)} from fleet.run where id = ${id}`;
  return row && (await withHosts(sql, [row], output))[0];
}

/** Newest first. */
export async function listRuns(
  sql: Sql,
  { environment, limit }: { environment: string | undefined; limit: number },
): Promise<Run[]> {
  const rows = await sql<RunRow[]>`
    select ${runColumns(sql)} from fleet.run r
    where ${environment ?? null}::text is null or environment = ${environment ?? null}
      or exists (select from fleet.run_host h where h.run = r.id and starts_with(h.host, ${`${environment ?? ""}/`}))
    order by created_at desc, id limit ${limit}`;
  return withHosts(sql, rows, false);
}

async function withHosts(sql: Sql, rows: readonly RunRow[], output: boolean): Promise<Run[]> {
  const hosts = await sql<HostRow[]>`
    select run, host, state, code, signal, error, bytes, started_at as "startedAt", ended_at as "endedAt"
      ${output ? sql`, stdout, stderr` : sql``}
    from fleet.run_host where run = any(${rows.map(({ id }) => id)}) order by position`;
  const byRun = Map.groupBy(hosts, ({ run }) => run);
  return rows.map((row) => ({
    ...withoutNulls(row),
    results: (byRun.get(row.id) ?? []).map(({ run: _, ...host }) => withoutNulls(host)),
  })) as Run[];
}

const withoutNulls = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

/** Whether it was ready: a run starts once. */
export async function startRun(sql: Sql, id: string, at: number): Promise<boolean> {
  const { count } = await sql`
    update fleet.run set state = 'running', started_at = ${at} where id = ${id} and state = 'ready'`;
  return count > 0;
}

export const endRun = (sql: Sql, id: string, state: Run["state"], at: number) => sql`
  update fleet.run set state = ${state}, ended_at = ${at} where id = ${id} and state = 'running'`;

export const setInput = (sql: Sql, id: string, bytes: number) => sql`
  update fleet.run set input_bytes = ${bytes} where id = ${id} and state = 'ready'`;

export const startHost = (sql: Sql, run: string, host: string, at: number) => sql`
  update fleet.run_host set state = 'running', started_at = ${at} where run = ${run} and host = ${host}`;

export const endHost = (sql: Sql, run: string, result: HostRun) => sql`
  update fleet.run_host set state = ${result.state}, code = ${result.code ?? null},
    signal = ${result.signal ?? null}, error = ${result.error ?? null}, stdout = ${result.stdout ?? null},
    stderr = ${result.stderr ?? null}, bytes = ${result.bytes ?? null}, ended_at = ${result.endedAt ?? null}
  where run = ${run} and host = ${result.host}`;

/** What a control plane that ended left behind. */
export const interruptRuns = (sql: Sql, at: number) =>
  sql.begin(async (transaction) => {
    const rows = await transaction<{ id: string }[]>`
      update fleet.run set state = 'interrupted', ended_at = ${at} where state in ('ready', 'running') returning id`;
    await transaction`
      update fleet.run_host set
        state = case state when 'running' then 'lost' else 'stopped' end,
        error = 'The control plane ended in the middle', ended_at = ${at}
      where run = any(${rows.map(({ id }) => id)}) and state in ('waiting', 'running')`;
  });

export const deleteRuns = (sql: Sql, before: number) => sql<{ id: string }[]>`
  delete from fleet.run where created_at < ${before} and state not in ('ready', 'running') returning id`;

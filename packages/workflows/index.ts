import { AsyncResource } from "node:async_hooks";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { HavnError, systemClock } from "@havn/model";
import { migrate, type Sql, throughOutages } from "@havn/postgres";
import { deleteStepsWithoutWorkflow, findStep, listEndedWorkflows, recordStep } from "./store.ts";

/**
 * One durable piece of work. Its steps' results are recorded: after a crash the body runs again from the top, and
 * steps that ended are not run again. A step that was under way when the process died runs a second time, so what
 * it does outside must be idempotent or carry an idempotency key.
 */
export interface Run {
  readonly id: string;
  /**
   * `name` says what is attempted and is unique within the run; results must be JSON. A retryable HavnError is tried
   * `retries` more times with growing pauses (0.2 s … 5 s). While PostgreSQL is away `work` is tried again until it is
   * back: that is no failure of what is attempted.
   */
  step<T>(name: string, work: () => Promise<T>, options?: { retries?: number }): Promise<T>;
}

export type WorkflowState = "running" | "succeeded" | "failed";

export interface Workflow<Input, Output> {
  /** Resolves when the work is durable, not when it ended. A second start with the same id changes nothing. */
  start(id: string, input: Input): Promise<void>;
  state(id: string): Promise<WorkflowState | undefined>;
  /** Waits for the end. Throws what the body threw (message only, after a restart). */
  result(id: string): Promise<Output>;
}

export interface Workflows extends AsyncDisposable {
  /** Call before `launch`. `name` is stored with running work: it must stay the same over versions. */
  define<Input, Output>(
    name: string,
    body: (run: Run, input: Input) => Promise<Output>,
  ): Workflow<Input, Output>;
  /** Starts unfinished work of this executor again, then accepts new work. */
  launch(): Promise<void>;
  /** No step begins from now on, and what is under way counts as cut short: all of it goes on after the next launch. */
  rest(): void;
  healthy(): { ok: boolean; detail: string };
  /** Forgets work that ended before this time (milliseconds since the epoch). Its ids could then be used again. */
  prune(before: number): Promise<void>;
}

export interface WorkflowsOptions {
  sql: Sql;
  postgresUrl: string;
  /** Fixed for a data directory: recovery finds unfinished work by it. One process at a time may use it. */
  executorId: string;
}

/** DBOS strands pending work when its version changes. Ours is a schema number of recorded bodies, raised by hand. */
const applicationVersion = "1";

/** DBOS keeps its registrations in statics: one `Workflows` per process at a time. */
export async function openWorkflows(options: WorkflowsOptions): Promise<Workflows> {
  const { sql } = options;
  await migrate(sql, "workflows", new URL("./migrations/", import.meta.url));
  DBOS.setConfig({
    name: "havn",
    systemDatabaseUrl: options.postgresUrl,
    systemDatabaseSchemaName: "dbos",
    systemDatabasePoolSize: 6,
    executorID: options.executorId,
    applicationVersion,
    enableOTLP: false,
    logger: quietLogger,
  });
  const closing = new AbortController();
  let launched = false;
  return {
    define: (name, body) => define(name, body, sql, closing.signal),
    async launch() {
      await DBOS.launch();
      launched = true;
    },
    rest: () => closing.abort(),
    healthy() {
      if (closing.signal.aborted)
        return { ok: false, detail: "at rest: `havn server stop`, then `havn up`, lets it go on" };
      return launched ? { ok: true, detail: "running" } : { ok: false, detail: "not launched yet" };
    },
    async prune(before) {
      const ids = await listEndedWorkflows(sql, before);
      if (ids.length > 0) await DBOS.deleteWorkflows(ids);
      await deleteStepsWithoutWorkflow(sql, before);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await DBOS.shutdown({ deregister: true });
    },
  };
}

function define<Input, Output>(
  name: string,
  body: (run: Run, input: Input) => Promise<Output>,
  sql: Sql,
  closing: AbortSignal,
): Workflow<Input, Output> {
  const registered = DBOS.registerWorkflow(
    async (input: Input): Promise<Output> => {
      const id = DBOS.workflowID;
      if (id === undefined) throw new Error("a workflow body runs only inside a workflow");
      const run: Run = {
        id,
        step: (step, work, options) => runStep({ sql, closing, id, name: step, work, ...options }),
      };
      return outside.runInAsyncScope(() => body(run, input));
    },
    { name, maxRecoveryAttempts: 1000 },
  );
  return {
    async start(id, input) {
      if ((await DBOS.getWorkflowStatus(id)) !== null) return;
      await DBOS.startWorkflow(registered, { workflowID: id })(input);
    },
    async state(id) {
      const status = await DBOS.getWorkflowStatus(id);
      if (status === null) return undefined;
      if (status.status === "SUCCESS") return "succeeded";
      return status.status === "PENDING" || status.status === "ENQUEUED" ? "running" : "failed";
    },
    result: (id) => DBOS.retrieveWorkflow<Output>(id).getResult() as Promise<Output>,
  };
}

/**
 * Bodies run outside of DBOS' own context: inside it, asking for the state of another workflow or starting one would be
 * a step with a number, and numbers differ when branches end in another order.
 */
const outside = new AsyncResource("workflow body");

interface StepOptions<T> {
  sql: Sql;
  closing: AbortSignal;
  id: string;
  name: string;
  work: () => Promise<T>;
  retries?: number;
}

async function runStep<T>({ sql, closing, id, name, work, retries = 0 }: StepOptions<T>): Promise<T> {
  if (closing.aborted) return neverEnds();
  try {
    const before = await throughOutages(() => findStep(sql, id, name), closing);
    if (before) return before.result as T;
    const result = await withRetries(() => throughOutages(work, closing), retries, closing);
    await throughOutages(() => recordStep(sql, id, name, result), closing);
    return result;
  } catch (error) {
    if (closing.aborted) return neverEnds();
    throw error;
  }
}

/** The process is on its way out: nothing begins any more, and an error now says nothing. It goes on after the next start. */
const neverEnds = () => new Promise<never>(() => {});

async function withRetries<T>(work: () => Promise<T>, retries: number, closing: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const again = error instanceof HavnError && error.retryable && attempt < retries;
      if (!again || closing.aborted) throw error;
      await systemClock.sleep(Math.min(200 * 2 ** attempt, 5000), closing);
    }
  }
}

const say = (level: string) => (entry: unknown) => {
  const text = entry instanceof Error ? entry.message : String(entry);
  console.error(`workflows ${level}: ${text.split("\n")[0]}`);
};
const quietLogger = { info: () => {}, debug: () => {}, warn: say("warning"), error: say("error") };

import { AsyncLocalStorage } from "node:async_hooks";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { HavnError, systemClock } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import { findStep, recordStep } from "./store.ts";

/**
 * One durable piece of work. Its steps' results are recorded: after a crash the body runs again from the top, and
 * steps that ended are not run again. A step that was under way when the process died runs a second time, so what
 * it does outside must be idempotent or carry an idempotency key.
 */
export interface Run {
  readonly id: string;
  /**
   * `name` says what is attempted and is unique within the run; results must be JSON. A retryable HavnError is tried
   * `retries` more times with growing pauses (0.2 s … 5 s).
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
  return {
    define: (name, body) => define(name, body, sql, closing.signal),
    launch: () => DBOS.launch(),
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
      // Steps are ours: hidden from DBOS' own context, which would count every database call inside as a step.
      return outsideContext(() => body(run, input));
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

const outsideContext = <T>(work: () => Promise<T>): Promise<T> =>
  new AsyncLocalStorage().run(undefined, work);

interface StepOptions<T> {
  sql: Sql;
  closing: AbortSignal;
  id: string;
  name: string;
  work: () => Promise<T>;
  retries?: number;
}

async function runStep<T>({ sql, closing, id, name, work, retries = 0 }: StepOptions<T>): Promise<T> {
  try {
    const before = await throughOutages(() => findStep(sql, id, name), closing);
    if (before) return before.result as T;
    const result = await withRetries(work, retries, closing);
    await throughOutages(() => recordStep(sql, id, name, result), closing);
    return result;
  } catch (error) {
    // The process is on its way out: an error now says nothing about the work. It runs on after the next start.
    if (closing.aborted) return new Promise<never>(() => {});
    throw error;
  }
}

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

/** The database restarts when it dies: what a step gave must not be lost over that. */
async function throughOutages<T>(work: () => Promise<T>, closing: AbortSignal): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (closing.aborted || Date.now() > deadline || !isOutage(error)) throw error;
      await systemClock.sleep(100, closing);
    }
  }
}

/** Connection errors of the client, and SQLSTATE classes 08 (connection) and 57P (shutdown, crash, starting up). */
function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^(ECONN|ENOENT|EPIPE|CONNECTION_|08|57P)/.test(code);
}

const say = (level: string) => (entry: unknown) => {
  const text = entry instanceof Error ? entry.message : String(entry);
  console.error(`workflows ${level}: ${text.split("\n")[0]}`);
};
const quietLogger = { info: () => {}, debug: () => {}, warn: say("warning"), error: say("error") };

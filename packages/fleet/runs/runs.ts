import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import {
  type Clock,
  HavnError,
  type HostRun,
  parseAddress,
  type Run,
  type RunEvent,
  type RunTask,
  type Timeline,
} from "@havn/model";
import { chooseHosts, maskText, secretMask, secretTexts } from "@havn/plan";
import type { Sql } from "@havn/postgres";
import type { Roster } from "../hosts/roster.ts";
import type { HostClient, RunStream } from "../protocol/index.ts";
import { createInputs } from "./inputs.ts";
import { type HostSink, runOnHost } from "./on-host.ts";
import * as store from "./store.ts";

export interface RunRequest {
  task: RunTask;
  /** An expression that chooses hosts, or `again`. */
  hosts: string;
  environment?: string | undefined;
  concurrency: number;
  actor: string;
}

/** What people run and copy on hosts, once, recorded. */
export interface Runs {
  /** Addresses of the hosts that an expression chooses. Throws a HavnError 400 where there are none. */
  choose(expression: string, environment: string | undefined): string[];
  /** Records it and chooses its hosts; nothing starts. Throws a HavnError 400 where no host is chosen. */
  create(request: RunRequest): Promise<Run>;
  /** The same again on the same hosts, or only where it did not succeed. */
  again(id: string, options: { failedOnly: boolean; actor: string }): Promise<Run>;
  /** Standard input of a run that is ready, or what it copies. */
  input(id: string, content: Readable, signal: AbortSignal): Promise<{ bytes: number }>;
  /**
   * Starts it. Gives one RunEvent a line, and behind a "content" its bytes, until it has ended; who stops reading, or
   * `signal`, stops it on all hosts.
   */
  start(id: string, signal: AbortSignal): Promise<Readable>;
  get(id: string, options: { output: boolean }): Promise<Run>;
  list(filter: { environment: string | undefined; limit: number }): Promise<Run[]>;
  /** What agents send and ask for. */
  agents: {
    output(host: string, run: string, stream: RunStream, bytes: Uint8Array): Promise<void>;
    input(host: string, run: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
  };
  /** At start: what a control plane that ended left behind is told to be interrupted. */
  recover(): Promise<void>;
  prune(): Promise<void>;
}

const keepMs = 30 * 86_400_000;
const aliveMs = 15_000;
const shownCommand = 120;

export function createRuns(options: {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  dataDirectory: string;
  roster: Roster;
  client: HostClient;
  isThere(host: string): boolean;
  /** Everything secret in an environment: none of it is recorded or shown. */
  secretValues(environment: string): Promise<string[]>;
}): Runs {
  const { sql, clock, timeline, roster, client } = options;
  const inputs = createInputs(join(options.dataDirectory, "runs"));
  const sinks = new Map<string, HostSink>();
  /** What runs that are ready shall really do: the record has it without secrets. */
  const unmasked = new Map<string, RunTask>();
  const keyOf = (run: string, host: string) => `${run} ${host}`;

  function choose(expression: string, environment: string | undefined): string[] {
    const hosts = roster.hosts().map(({ address, environment: env, name, properties }) => ({
      ...{ address, environment: env, name },
      ...{ labels: properties.labels, groups: properties.groups },
    }));
    const chosen = chooseHosts(expression, hosts, { environment }).map(({ address }) => address);
    if (chosen.length > 0) return chosen;
    const where = environment === undefined ? "" : ` in ${environment}`;
    throw new HavnError(`No host${where} is chosen by ${expression}`, {
      detail:
        hosts.length === 0
          ? "There are no hosts yet: apply a configuration that declares some."
          : "`havn status` shows the hosts there are.",
      status: 400,
    });
  }

  async function secretsOf(hosts: readonly string[]): Promise<string[]> {
    const environments = new Set(hosts.map((host) => parseAddress(host).environment));
    const values = await Promise.all([...environments].map(options.secretValues));
    return secretTexts(values.flat());
  }

  async function add(run: Omit<store.NewRun, "id" | "createdAt">): Promise<Run> {
    const id = randomUUID();
    const secrets = await secretsOf(run.addresses);
    const task = maskTask(run.task, secrets);
    await store.addRun(sql, { ...run, task, id, createdAt: clock.now() });
    unmasked.set(id, run.task);
    return get(id, false);
  }

  async function get(id: string, output: boolean): Promise<Run> {
    const run = await store.findRun(sql, id, output);
    if (run) return run;
    throw new HavnError(`There is no run ${id}`, { detail: "`havn runs` lists them.", status: 404 });
  }

  async function tell(run: Run, kind: "run.started" | "run.finished", severity: "info" | "warning") {
    const byEnvironment = Map.groupBy(run.results, ({ host }) => parseAddress(host).environment);
    for (const [environment, results] of byEnvironment)
      await timeline.write({
        ...{ kind, environment, severity, actor: run.actor },
        summary: summaryOf(run, results, kind),
        data: {
          run: run.id,
          hosts: results.map(({ host, state, code }) => ({
            host,
            state,
            ...(code !== undefined && { code }),
          })),
        },
        key: `${kind}:${run.id}:${environment}`,
      });
  }

  async function carryOut(
    run: Run,
    emit: (event: RunEvent, bytes?: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Run> {
    const waiting = run.results.map(({ host }) => host);
    const secrets = await secretsOf(waiting);
    const one = async (host: string): Promise<void> => {
      const result = signal.aborted
        ? ({ host, state: "stopped" } satisfies HostRun)
        : await (async () => {
            await store.startHost(sql, run.id, host, clock.now());
            await emit({ kind: "started", host }).catch(() => {});
            return runOnHost({
              ...{ run, host, client, secrets, signal, emit },
              isThere: options.isThere(host),
              now: clock.now,
              listen(sink) {
                sinks.set(keyOf(run.id, host), sink);
                return { [Symbol.dispose]: () => void sinks.delete(keyOf(run.id, host)) };
              },
            });
          })();
      await store.endHost(sql, run.id, result);
      await emit({ kind: "ended", result }).catch(() => {});
    };
    const worker = async () => {
      for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) await one(host);
    };
    await Promise.all(Array.from({ length: run.concurrency }, worker));
    const { results } = await get(run.id, false);
    const state = signal.aborted
      ? "stopped"
      : results.every((host) => host.state === "ok")
        ? "succeeded"
        : "failed";
    await store.endRun(sql, run.id, state, clock.now());
    // What was copied stands on the hosts; what a command read is kept for another time.
    if (run.task.kind !== "command") await inputs.remove(run.id);
    const ended = await get(run.id, false);
    await tell(ended, "run.finished", state === "succeeded" ? "info" : "warning");
    return ended;
  }

  return {
    choose,
    create: (request) =>
      add({
        ...request,
        environment: request.environment,
        ...{ again: undefined, inputBytes: undefined },
        addresses: choose(request.hosts, request.environment),
      }),
    async again(id, { failedOnly, actor }) {
      const before = await get(id, false);
      if (before.task.kind !== "command")
        throw new HavnError("A copy is not repeated from its record", {
          detail:
            "The control plane keeps no copied files. Run havn copy again: what is there already is not sent.",
          status: 400,
        });
      if (JSON.stringify(before.task).includes(secretMask))
        throw new HavnError("The command held a secret, and is recorded without it", {
          detail: "Run it again as it was typed, or better: give secrets on standard input.",
          status: 400,
        });
      const addresses = before.results
        .filter(({ state }) => !failedOnly || state !== "ok")
        .map(({ host }) => host);
      if (addresses.length === 0)
        throw new HavnError("It succeeded on every host", { detail: "Leave --failed out.", status: 400 });
      const run = await add({
        ...before,
        task: { ...before.task, once: undefined },
        ...{ environment: before.environment, inputBytes: before.inputBytes, actor, addresses, again: id },
      });
      if ((before.inputBytes ?? 0) > 0 && (await inputs.reuse(id, run.id)) === undefined) {
        await store.startRun(sql, run.id, clock.now());
        await store.endRun(sql, run.id, "failed", clock.now());
        throw new HavnError("What it read from standard input is no longer kept", {
          detail: "Run the command again with its input.",
          status: 410,
        });
      }
      return run;
    },
    async input(id, content, signal) {
      const run = await get(id, false);
      if (run.state !== "ready") throw alreadyStarted(run);
      const bytes = await inputs.put(id, content, signal);
      await store.setInput(sql, id, bytes);
      return { bytes };
    },
    async start(id, signal) {
      const before = await get(id, false);
      const task = unmasked.get(id);
      if (!task || !(await store.startRun(sql, id, clock.now()))) throw alreadyStarted(before);
      unmasked.delete(id);
      const lines = new PassThrough({ highWaterMark: 256 * 1024 });
      // Who reads too slowly holds up who writes, to the command on the host.
      const emit = async (event: RunEvent, bytes?: Uint8Array): Promise<void> => {
        if (lines.destroyed) return;
        const hasRoom = lines.write(`${JSON.stringify(event)}\n`);
        if (bytes ? !lines.write(bytes) : !hasRoom) await once(lines, "drain", { signal });
      };
      const run = await get(id, false);
      await tell(run, "run.started", "info");
      const alive = setInterval(() => void lines.write('{"kind":"alive"}\n'), aliveMs);
      void carryOut({ ...run, task }, emit, signal)
        .then((ended) =>
          lines.end(`${JSON.stringify({ kind: "finished", run: ended } satisfies RunEvent)}\n`),
        )
        .catch((error: unknown) => lines.destroy(error instanceof Error ? error : undefined))
        .finally(() => clearInterval(alive));
      return lines;
    },
    get: (id, { output }) => get(id, output),
    list: (filter) => store.listRuns(sql, filter),
    agents: {
      async output(host, run, stream, bytes) {
        const sink = sinks.get(keyOf(run, host));
        if (!sink) throw new HavnError("Nobody listens to this run here", { status: 410 });
        await sink.take(stream, bytes);
      },
      async input(host, run, offset) {
        if (!sinks.has(keyOf(run, host)))
          throw new HavnError("This run has no input for this host", { status: 403 });
        return inputs.read(run, offset);
      },
    },
    recover: () => store.interruptRuns(sql, clock.now()),
    async prune() {
      await store.deleteRuns(sql, clock.now() - keepMs);
      const known = await store.listRuns(sql, { environment: undefined, limit: 100_000 });
      await inputs.keep(new Set(known.map(({ id }) => id)));
    },
  };
}

function maskTask(task: RunTask, secrets: readonly string[]): RunTask {
  if (task.kind !== "command") return task;
  return { ...task, command: task.command.map((word) => maskText(word, secrets)) };
}

function alreadyStarted({ id, state }: Run): HavnError {
  return new HavnError(`Run ${id} is ${state}`, {
    detail: "A run starts once. `havn run --again` makes another of it.",
    status: 409,
  });
}

function summaryOf(run: Run, results: readonly HostRun[], kind: "run.started" | "run.finished"): string {
  const { task } = run;
  const what =
    task.kind === "command"
      ? `"${task.command.join(" ").slice(0, shownCommand)}"`
      : task.kind === "copy-to"
        ? `a copy to ${task.destination}`
        : `a copy of ${task.source}`;
  const where = results.length === 1 ? parseAddress(results[0]?.host ?? "").name : `${results.length} hosts`;
  if (kind === "run.started") return `${run.actor} runs ${what} on ${where}.`;
  const failed = results.filter(({ state }) => state !== "ok");
  if (failed.length === 0) return `${what} ended well on ${where}.`;
  const names = failed.slice(0, 5).map(({ host }) => parseAddress(host).name);
  return `${what} did not succeed on ${failed.length} of ${results.length}: ${names.join(", ")}${failed.length > 5 ? ", …" : ""}.`;
}

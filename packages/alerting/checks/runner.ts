import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type CheckMemory, type CheckResult, type CheckSpec, type Clock, parseDuration } from "@havn/model";
import { runProbe } from "../probes/index.ts";
import { type Attempt, describeFailure } from "../probes/probe.ts";
import { advanceCheck } from "./machine.ts";
import { masked } from "./mask.ts";
import { createPools, type PoolName, type Pools } from "./pools.ts";
import { createDueQueue } from "./queue.ts";
import { firstDelay, nextTurn } from "./spread.ts";

/** A run of a check, for whoever makes series and logs of it. */
export interface CheckRun {
  spec: CheckSpec;
  result: CheckResult;
  attempt: Attempt;
  /** Milliseconds that it began after it was due: Nagios' latency. */
  lateMs: number;
  /** The state, the output or how far it is believed is another than before. */
  isNew: boolean;
}

export interface ProbesOptions {
  clock: Clock;
  /** Each time that a check has run. */
  onRun(run: CheckRun): void;
  /** What was remembered when an earlier process ended, by address. */
  memory?: Readonly<Record<string, CheckMemory>>;
  /** How many run at the same time. */
  limits?: Partial<Record<PoolName, number>>;
}

/** Runs checks, each in its rhythm. Disposing waits for probes under way. */
export interface Probes extends AsyncDisposable {
  /** What is asked from now on. A check that stays as it was keeps its result and its rhythm. */
  setChecks(checks: readonly CheckSpec[]): void;
  /** The last result of each check that has one. */
  results(): CheckResult[];
  /** Runs these now, whatever their rhythm. Unknown ones are left out. */
  run(addresses: readonly string[]): Promise<CheckResult[]>;
  /** What the next process must know, of checks of which there is something to remember. */
  memory(): Record<string, CheckMemory>;
}

interface Entry {
  spec: CheckSpec;
  intervalMs: number;
  retryMs: number;
  due: number;
  memory: CheckMemory | undefined;
  result: CheckResult | undefined;
  stopping: AbortController;
  running: Promise<void> | undefined;
}

/** So many are begun before others on this thread have their turn. */
const batch = 50;
/** Looking more often would only cost. */
const leastSleepMs = 5;
const longestSleepMs = 60_000;
const longestTold = 4096;

export function createProbes(options: ProbesOptions): Probes {
  const { clock } = options;
  const entries = new Map<string, Entry>();
  const queue = createDueQueue<Entry>();
  const pools: Pools = createPools(options.limits);
  const remembered = new Map(Object.entries(options.memory ?? {}));
  const ending = new Set<Promise<void>>();
  const stopping = new AbortController();
  let wake = new AbortController();

  function add(spec: CheckSpec, count: number): void {
    const intervalMs = parseDuration(spec.interval);
    const entry: Entry = {
      ...{ spec, intervalMs, retryMs: parseDuration(spec.retryInterval) },
      due: clock.now() + firstDelay(spec.address, intervalMs, count),
      memory: remembered.get(spec.address),
      ...{ result: undefined, stopping: new AbortController(), running: undefined },
    };
    remembered.delete(spec.address);
    entries.set(spec.address, entry);
    queue.push(entry.due, entry);
  }

  function remove(entry: Entry): void {
    entry.stopping.abort();
    entries.delete(entry.spec.address);
    const { running } = entry;
    if (!running) return;
    ending.add(running);
    void running.finally(() => ending.delete(running));
  }

  const isGone = (entry: Entry) => entries.get(entry.spec.address) !== entry;

  async function runOnce(entry: Entry, due: number): Promise<void> {
    const { spec } = entry;
    const startedAt = clock.now();
    const attempt = masked(await tryOnce(spec, entry.stopping.signal), spec);
    if (entry.stopping.signal.aborted) return;
    const at = clock.now();
    const { memory } = advanceCheck(entry.memory, { state: attempt.state, at }, spec);
    const before = entry.result;
    entry.memory = memory;
    const { history: _, ...told } = memory;
    const result: CheckResult = {
      ...{ address: spec.address, ...told, output: attempt.output, at, durationMs: at - startedAt },
      ...(attempt.long && { long: attempt.long.slice(0, longestTold) }),
      nextAt: memory.hard
        ? nextTurn(due, entry.intervalMs, at)
        : at + Math.min(entry.retryMs, entry.intervalMs),
    };
    entry.result = result;
    options.onRun({
      ...{ spec, result, attempt, lateMs: Math.max(0, startedAt - due), isNew: isNews(before, result) },
    });
  }

  /** The one run of a check that is under way, or a new one. */
  function begin(entry: Entry, due: number): Promise<void> {
    entry.running ??= pools
      .take(poolOf(entry.spec), () => (isGone(entry) ? Promise.resolve() : runOnce(entry, due)))
      .finally(() => {
        entry.running = undefined;
      });
    return entry.running;
  }

  async function turn(entry: Entry): Promise<void> {
    const { due } = entry;
    await begin(entry, due);
    if (isGone(entry)) return;
    entry.due = entry.result?.nextAt ?? nextTurn(due, entry.intervalMs, clock.now());
    const earliest = queue.next() ?? Number.POSITIVE_INFINITY;
    queue.push(entry.due, entry);
    if (entry.due < earliest) wake.abort();
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const now = clock.now();
      let begun = 0;
      for (let entry = queue.take(now); entry; entry = begun < batch ? queue.take(now) : undefined) {
        if (isGone(entry)) continue;
        void turn(entry);
        begun++;
      }
      if (begun >= batch) {
        await setImmediate();
        continue;
      }
      wake = new AbortController();
      const next = Math.min((queue.next() ?? Number.POSITIVE_INFINITY) - clock.now(), longestSleepMs);
      await clock.sleep(Math.max(next, leastSleepMs), wake.signal);
    }
  }
  const looping = loop();

  return {
    setChecks(checks) {
      const wanted = new Map(checks.map((spec) => [spec.address, spec]));
      for (const entry of [...entries.values()])
        if (!isDeepStrictEqual(wanted.get(entry.spec.address), entry.spec)) {
          if (entry.memory) remembered.set(entry.spec.address, entry.memory);
          remove(entry);
        }
      for (const spec of wanted.values()) if (!entries.has(spec.address)) add(spec, wanted.size);
      for (const address of remembered.keys()) if (!wanted.has(address)) remembered.delete(address);
      wake.abort();
    },
    results: () => [...entries.values()].flatMap(({ result }) => result ?? []),
    async run(addresses) {
      const asked = addresses.flatMap((address) => entries.get(address) ?? []);
      await Promise.all(asked.map((entry) => begin(entry, clock.now())));
      return asked.flatMap(({ result }) => result ?? []);
    },
    memory: () =>
      Object.fromEntries(
        [...entries].flatMap(([address, { memory }]) =>
          memory && isWorthKeeping(memory) ? [[address, memory]] : [],
        ),
      ),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      wake.abort();
      for (const entry of [...entries.values()]) remove(entry);
      await Promise.all([looping, ...ending]);
    },
  };
}

const isWorthKeeping = ({ state, hardState, history }: CheckMemory): boolean =>
  state !== "ok" || hardState !== "ok" || history.some((one) => one !== "ok");

const isNews = (before: CheckResult | undefined, after: CheckResult): boolean =>
  before === undefined ||
  before.state !== after.state ||
  before.output !== after.output ||
  before.hard !== after.hard ||
  before.attempt !== after.attempt ||
  before.flapping !== after.flapping ||
  before.troubles !== after.troubles;

function poolOf({ probe }: CheckSpec): PoolName {
  if (probe.kind === "browser") return "browsers";
  return probe.kind === "plugin" || probe.kind === "ping" || probe.kind === "unit" ? "processes" : "sockets";
}

async function tryOnce(spec: CheckSpec, stopping: AbortSignal): Promise<Attempt> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    ending.abort();
  }, parseDuration(spec.timeout));
  stopping.addEventListener("abort", stop, { once: true });
  try {
    const attempt = await runProbe(spec.probe, ending.signal);
    return late && attempt.state !== "ok" ? noAnswer(spec) : attempt;
  } catch (cause) {
    // Node refuses what it cannot even try. That is this check's failure, never the agent's.
    return late ? noAnswer(spec) : { state: "critical", output: describeFailure(cause) };
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
  }
}

const noAnswer = ({ timeout }: CheckSpec): Attempt => ({
  state: "critical",
  output: `no answer within ${timeout}`,
});

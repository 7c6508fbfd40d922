import { isDeepStrictEqual } from "node:util";
import type { CheckSpec, HostReport } from "@havn/fleet/protocol";
import { type Clock, parseDuration } from "@havn/model";
import { probeHttp } from "./http/index.ts";
import { type Attempt, describeFailure } from "./probe.ts";
import { probeTcp } from "./tcp/index.ts";

export type ProbeResult = HostReport["checks"][number];

export interface ProbesOptions {
  clock: Clock;
  /** A check has its first result, or another one than before. */
  onResult(result: ProbeResult): void;
}

/** The checks that an agent runs. Disposing waits for probes under way. */
export interface Probes extends AsyncDisposable {
  /** What is probed from now on. A check that stays as it was keeps its result and its rhythm. */
  setChecks(checks: readonly CheckSpec[]): void;
  /** The last result of each check that has one. */
  results(): ProbeResult[];
}

/** A failure is believed the second time: one lost packet wakes nobody. The second try comes soon. */
const attempts = 2;
const retryMs = 1000;

interface Running {
  spec: CheckSpec;
  result: ProbeResult | undefined;
  stopping: AbortController;
  done: Promise<void>;
}

export function createProbes({ clock, onResult }: ProbesOptions): Probes {
  const running = new Map<string, Running>();
  const ending = new Set<Promise<void>>();

  function start(spec: CheckSpec): void {
    const stopping = new AbortController();
    const check: Running = { spec, result: undefined, stopping, done: Promise.resolve() };
    check.done = run(check, { clock, onResult });
    running.set(spec.address, check);
  }

  function stop(check: Running): void {
    check.stopping.abort();
    running.delete(check.spec.address);
    ending.add(check.done);
    void check.done.then(() => ending.delete(check.done));
  }

  return {
    setChecks(checks) {
      const wanted = new Map(checks.map((spec) => [spec.address, spec]));
      for (const check of [...running.values()])
        if (!isDeepStrictEqual(wanted.get(check.spec.address), check.spec)) stop(check);
      for (const spec of wanted.values()) if (!running.has(spec.address)) start(spec);
    },
    results: () => [...running.values()].flatMap(({ result }) => result ?? []),
    async [Symbol.asyncDispose]() {
      for (const check of [...running.values()]) stop(check);
      await Promise.all(ending);
    },
  };
}

async function run(check: Running, { clock, onResult }: ProbesOptions): Promise<void> {
  const { spec, stopping } = check;
  const { signal } = stopping;
  const interval = parseDuration(spec.interval);
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = clock.now();
    const attempt = await tryOnce(spec, signal);
    if (signal.aborted) return;
    const now = clock.now();
    failures = attempt.ok ? 0 : failures + 1;
    const believed = attempt.ok || failures >= attempts;
    if (believed) {
      const before = check.result;
      const since = before && before.ok === attempt.ok ? before.since : now;
      check.result = { address: spec.address, ...attempt, since, durationMs: now - startedAt };
      if (before?.ok !== attempt.ok || before.output !== attempt.output) onResult(check.result);
    }
    await clock.sleep(believed ? interval : Math.min(interval, retryMs), signal);
  }
}

async function tryOnce(spec: CheckSpec, stopping: AbortSignal): Promise<Attempt> {
  try {
    const timeout = AbortSignal.timeout(parseDuration(spec.timeout));
    const signal = AbortSignal.any([stopping, timeout]);
    const attempt =
      spec.probe.kind === "http" ? await probeHttp(spec.probe, signal) : await probeTcp(spec.probe, signal);
    return !attempt.ok && timeout.aborted
      ? { ok: false, output: `no answer within ${spec.timeout}` }
      : attempt;
  } catch (cause) {
    // Node refuses what it cannot even try. That is this check's failure, never the agent's.
    return { ok: false, output: describeFailure(cause) };
  }
}

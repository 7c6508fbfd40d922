import type { AgentEvent, InstanceReport, InstanceSpec } from "@havn/fleet/protocol";
import { type Clock, formatDuration, HavnError, parseDuration } from "@havn/model";
import type { Runtime } from "../runtimes/runtime.ts";
import { createProbe } from "./health.ts";

/** One answer that is late is no illness. */
const failuresToUnhealthy = 3;
/** It does not come back by itself any more. */
const failuresToRestart = 10;
const longestStart = 120_000;
/** A process that keeps falling while it is waited for will not get healthy. */
const exitsToGiveUp = 5;
/** So long it must have been healthy to count: one that answers and falls at once must not take over from one that serves. */
const settleMs = 2000;

interface InstanceOptions {
  spec: InstanceSpec;
  directory: string;
  runtime: Runtime;
  clock: Clock;
  changed(): void;
  emit(event: Omit<AgentEvent, "key" | "at">): void;
}

/** One instance's life as the agent sees it: process, health, what is told of both. */
export class Instance {
  readonly spec: InstanceSpec;
  readonly #options: InstanceOptions;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<() => void>();
  #report: InstanceReport;
  #failures = 0;
  #startedAt = 0;
  #wasHealthy = false;
  #adopting = false;
  /** Taken over from an earlier agent: that it is healthy is no news. */
  #quiet = false;
  #probing: Promise<void> | undefined;

  constructor(options: InstanceOptions) {
    const { spec, clock } = options;
    this.spec = spec;
    this.#options = options;
    const { id, service, release, port } = spec;
    this.#report = { id, service, release, port, health: "starting", since: clock.now(), restarts: 0 };
  }

  report(): InstanceReport {
    return { ...this.#report };
  }

  async start(): Promise<void> {
    await this.#options.runtime.start(this.#options);
    this.#probing ??= this.#watch();
  }

  async adopt(): Promise<boolean> {
    this.#adopting = true;
    const adopted = await this.#options.runtime.adopt(this.#options);
    this.#adopting = false;
    this.#quiet = adopted;
    if (adopted) this.#probing ??= this.#watch();
    return adopted;
  }

  async stop(): Promise<void> {
    await this.close();
    await this.#options.runtime.stop(this.#options);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#probing;
  }

  /** The runtime has a process. */
  started(pid: number): void {
    this.#failures = 0;
    this.#wasHealthy = false;
    this.#startedAt = this.#options.clock.now();
    this.#set({ health: "starting", pid, detail: undefined });
    if (this.#adopting) return;
    const again = this.#report.restarts > 0 ? ` again (restart ${this.#report.restarts})` : "";
    this.#tell("instance.started", "info", `${this.spec.id} started${again}`, { pid });
  }

  exited({
    pid,
    code,
    signal,
  }: {
    pid: number;
    code?: number | undefined;
    signal?: string | undefined;
  }): void {
    if (this.#closing.signal.aborted) return;
    const how = signal
      ? `was killed by ${signal}`
      : code === undefined
        ? "ended"
        : `exited with code ${code}`;
    const restarts = this.#report.restarts + 1;
    this.#quiet = false;
    this.#set({ health: "starting", pid: undefined, restarts, detail: `${how}; it is started again` });
    this.#tell("instance.exited", "error", `${this.spec.id} ${how}`, { pid, code, signal, restarts });
  }

  async waitHealthy(timeoutMs: number): Promise<InstanceReport> {
    const { clock } = this.#options;
    const exitsBefore = this.#report.restarts;
    const timeout = new AbortController();
    let late = false;
    const deadline = clock.sleep(timeoutMs, timeout.signal).then(() => {
      late = true;
      this.#wake();
    });
    try {
      for (;;) {
        const healthy = this.#report.health === "healthy";
        const unproven = settleMs - (clock.now() - this.#report.since);
        // Late is enough too: should the clock have been set back, nothing else would end the wait.
        if (healthy && (late || unproven <= 0)) return this.report();
        const exits = this.#report.restarts - exitsBefore;
        if (this.#closing.signal.aborted) throw await this.#notHealthy("it was stopped meanwhile");
        if (exits >= exitsToGiveUp)
          throw await this.#notHealthy(`it ended ${exits} times: ${this.#report.detail ?? ""}`);
        if (late)
          throw await this.#notHealthy(
            `not within ${formatDuration(timeoutMs)}: ${this.#report.detail ?? "no answer yet"}`,
          );
        const changed = new Promise<void>((resolve) => this.#waiters.add(resolve));
        await (healthy ? Promise.race([changed, clock.sleep(unproven, timeout.signal)]) : changed);
      }
    } finally {
      timeout.abort();
      await deadline;
    }
  }

  async #notHealthy(why: string): Promise<HavnError> {
    const lines = await this.#options.runtime.lastLines(this.#options, 20);
    return new HavnError(`${this.spec.id} did not get healthy: ${why}`, {
      detail:
        lines.length > 0
          ? `Its last lines:\n${lines.map((line) => this.#mask(line)).join("\n")}`
          : "It wrote nothing.",
    });
  }

  /** An application that prints its own settings must not carry them into errors and the timeline. */
  #mask(line: string): string {
    let masked = line;
    for (const [name, value] of Object.entries(this.spec.env))
      if (value.length >= 6 && /secret|password|passwd|token|key|url|dsn|credential/i.test(name))
        masked = masked.replaceAll(value, "***");
    return masked;
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    const probe = createProbe(this.spec);
    const interval = parseDuration(this.spec.health.interval);
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const { pid } = this.#report;
      if (pid !== undefined) {
        const result = await probe.ask();
        // An answer about a process that has ended meanwhile tells nothing about the next one.
        if (!signal.aborted && this.#report.pid === pid) this.#judge(result);
      }
      // Somebody waits for the first good answer: ask more often until it comes.
      await clock.sleep(this.#report.health === "starting" ? Math.min(interval, 200) : interval, signal);
    }
    probe.close();
  }

  #judge(result: { ok: true } | { ok: false; detail: string }): void {
    const { health } = this.#report;
    const { clock, runtime } = this.#options;
    if (result.ok) {
      this.#failures = 0;
      this.#wasHealthy = true;
      if (health === "healthy") return;
      this.#set({ health: "healthy", detail: undefined });
      if (!this.#quiet)
        this.#tell("instance.healthy", "info", `${this.spec.id} is healthy`, { pid: this.#report.pid });
      this.#quiet = false;
      return;
    }
    this.#failures++;
    const age = clock.now() - this.#startedAt;
    const ill = this.#wasHealthy ? this.#failures >= failuresToUnhealthy : age > longestStart / 2;
    if (ill && health !== "unhealthy") {
      this.#set({ health: "unhealthy", detail: result.detail });
      this.#tell("instance.unhealthy", "error", `${this.spec.id} is unhealthy: ${result.detail}`, {});
    } else if (this.#report.detail !== result.detail) this.#set({ detail: result.detail });
    if (this.#failures >= failuresToRestart && (this.#wasHealthy || age > longestStart)) {
      this.#failures = 0;
      this.#tell("instance.hung", "error", `${this.spec.id} hangs and is restarted: ${result.detail}`, {});
      void runtime.restart(this.#options).catch((error: unknown) => this.#set({ detail: String(error) }));
    }
  }

  #set(patch: Partial<InstanceReport>): void {
    const moved = patch.health !== undefined && patch.health !== this.#report.health;
    this.#report = { ...this.#report, ...patch, ...(moved ? { since: this.#options.clock.now() } : {}) };
    this.#options.changed();
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  #tell(
    kind: string,
    severity: AgentEvent["severity"],
    summary: string,
    data: Record<string, unknown>,
  ): void {
    const { address, id: instance, release } = this.spec;
    this.#options.emit({ kind, severity, address, summary, data: { instance, release, ...data } });
  }
}

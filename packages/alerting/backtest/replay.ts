import { setImmediate as nextTurn } from "node:timers/promises";
import type { Labels } from "@havn/model";
import { type AlertRecord, advance, type Condition, transition } from "../alerts/machine.ts";
import type { Column, Grid, Judged } from "../rules/ask.ts";
import {
  type Finding,
  namelessCondition,
  type SpeakingContext,
  type Speech,
  speak,
} from "../rules/condition.ts";
import { findingAt } from "../rules/evaluate.ts";
import { carryOn, type Found, type Going } from "../rules/going.ts";

/** A rule as a replay needs it, wherever it was declared. Times in milliseconds. */
export interface ReplayedRule {
  speech: Speech;
  /** Evaluated at `offsetMs` and every `intervalMs` after it. */
  intervalMs: number;
  offsetMs: number;
  /** What it asks is as of so long before. */
  queryOffsetMs: number;
  keepMs: number;
  /** Most alerts it may have; 0 is no limit. */
  limit: number;
  judge(grid: Grid, signal: AbortSignal): Promise<Judged>;
}

/** One alert from its beginning to its end. */
export interface Episode {
  fingerprint: string;
  labels: Labels;
  annotations?: Record<string, string> | undefined;
  severity: Condition["severity"];
  summary: string;
  value?: number | undefined;
  /** Its first evaluation, or the beginning of what is looked at. */
  activeSince: number;
  firingSince: number;
  /** Undefined: it fires still at the end. */
  resolvedAt?: number | undefined;
  condition: Condition;
}

/** A time in which something was pending or firing, by the state that was worst. */
export interface Span {
  state: "pending" | "firing";
  from: number;
  to: number;
}

export interface Replay {
  evaluations: number;
  episodes: Episode[];
  /** Alerts that were pending and did not fire. */
  onlyPending: number;
  spans: Span[];
  /** Most that fired at once. */
  most: number;
  /** Evaluations that failed, with what they said; the machine rests meanwhile, as in the server. */
  failures: { from: number; to: number; message: string }[];
  warnings: string[];
}

export interface ReplayOptions {
  from: number;
  until: number;
  signal: AbortSignal;
  context: Omit<SpeakingContext, "at" | "signal" | "fault">;
  /** Called after each part, with how much is done (0 to 1). */
  progress?(done: number): void;
  /** More than so many are not kept. */
  mostEpisodes?: number;
}

/** Points of what is wrong that lie in memory at once: some 100 MB with all that is made on the way. */
const pointsAtOnce = 2_000_000;
const mostSteps = 10_000;
/** How often a part that failed is tried as smaller ones. */
const mostProbes = 200;
/** What flaps is looked at every five seconds, as the book is. */
const tickMs = 5000;
const forgottenMs = 86_400_000;
/** A rule that changes with each evaluation has millions. */
const mostSpans = 10_000;

/**
 * What the rule would have done, by the same machine and the same texts as in the server, evaluated at the same times. Goes
 * through time in parts, so that memory stays bounded however long it is.
 */
export async function replayRule(rule: ReplayedRule, options: ReplayOptions): Promise<Replay> {
  const { from, until, signal } = options;
  const { intervalMs, offsetMs } = rule;
  const first = Math.ceil((from - offsetMs) / intervalMs) * intervalMs + offsetMs;
  const run = new Run(rule, options);
  let size = 500;
  let probes = mostProbes;
  for (let start = first; start <= until; ) {
    signal.throwIfAborted();
    const count = Math.min(size, Math.floor((until - start) / intervalMs) + 1);
    const grid = { start: start - rule.queryOffsetMs, step: intervalMs, count };
    try {
      const { wrong } = await rule.judge(grid, signal);
      await run.through(wrong, { start, step: intervalMs, count });
      size = Math.min(mostSteps, Math.max(2, Math.floor(pointsAtOnce / Math.max(1, wrong.length))), size * 2);
    } catch (cause) {
      if (signal.aborted) throw cause;
      // What asks too much over a range may be within its limits moment by moment, and what is wrong at one moment need
      // not be at others.
      if (count > 1 && probes-- > 0) {
        size = Math.max(1, count >> 3);
        continue;
      }
      run.failed({ from: start, to: start + (count - 1) * intervalMs }, cause);
      size = Math.min(mostSteps, size * 2);
    }
    start += count * intervalMs;
    options.progress?.(Math.min(1, (start - from) / Math.max(1, until - from)));
    await nextTurn();
  }
  return run.end();
}

class Run {
  readonly #rule: ReplayedRule;
  readonly #options: ReplayOptions;
  readonly #going = new Map<string, Going>();
  readonly #records = new Map<string, AlertRecord>();
  readonly #open = new Map<string, Episode>();
  readonly #findings = new Map<string, Finding>();
  readonly #episodes: Episode[] = [];
  readonly #failures: Replay["failures"] = [];
  readonly #warnings = new Set<string>();
  readonly #spans: Span[] = [];
  #evaluations = 0;
  #onlyPending = 0;
  #most = 0;

  constructor(rule: ReplayedRule, options: ReplayOptions) {
    this.#rule = rule;
    this.#options = options;
  }

  async through(wrong: readonly Column[], grid: Grid): Promise<void> {
    const names = new Map<Column, Condition>();
    for (let i = 0; i < grid.count; i++) {
      if (i % 2000 === 1999) {
        await nextTurn();
        this.#options.signal.throwIfAborted();
      }
      this.#evaluations++;
      const at = grid.start + i * grid.step;
      const here = wrong.filter(({ present }) => present[i] === 1);
      if (here.length === 0 && this.#going.size === 0 && !this.#isUnsettled()) continue;
      await this.#step(here, { at, index: i, names });
    }
  }

  #isUnsettled(): boolean {
    for (const { state } of this.#records.values()) if (state !== "resolved") return true;
    return false;
  }

  async #step(
    here: readonly Column[],
    { at, index, names }: { at: number; index: number; names: Map<Column, Condition> },
  ): Promise<void> {
    const { speech, limit, keepMs } = this.#rule;
    const context = this.#context(at);
    const found = new Map<string, Found>();
    for (const column of here) {
      const finding = findingAt(column, index);
      if (!finding) continue;
      let condition = names.get(column);
      if (!condition || this.#labelsVary) {
        condition = await namelessCondition(speech, finding, context);
        names.set(column, condition);
      }
      if (found.has(condition.fingerprint))
        return this.failed(
          { from: at, to: at },
          new Error("vector contains metrics with the same labelset after applying alert labels"),
        );
      const { value: _, ...rest } = condition;
      const now = { ...rest, ...(Number.isFinite(finding.value) && { value: finding.value }) };
      found.set(condition.fingerprint, { condition: now, labels: condition.labels });
      this.#findings.set(condition.fingerprint, finding);
    }
    if (limit > 0 && found.size > limit)
      return this.failed(
        { from: at, to: at },
        new Error(`exceeded limit of ${limit} with ${found.size} series`),
      );
    carryOn(this.#going, found, { now: at, keepMs, since: (key) => this.#activeSince(key) });
    await this.#advance(at);
    for (const key of this.#findings.keys()) if (!this.#records.has(key)) this.#findings.delete(key);
  }

  /** Labels that are templates may be others with each value. */
  get #labelsVary(): boolean {
    return Object.values(this.#rule.speech.labels).some((text) => text.includes("{{"));
  }

  #activeSince(key: string): number | undefined {
    const record = this.#records.get(key);
    return record && record.state !== "resolved" ? record.activeSince : undefined;
  }

  async #advance(at: number): Promise<void> {
    const scope = this.#rule.speech.source;
    this.#settle(at);
    for (const [key, { condition }] of this.#going)
      await this.#change(key, advance(this.#records.get(key), { scope, condition, now: at }), at);
    for (const [key, record] of this.#records)
      if (!this.#going.has(key))
        await this.#change(key, advance(record, { scope, condition: undefined, now: at }), at);
    this.#mark(at);
  }

  /** What flaps ends between two evaluations too. */
  #settle(at: number): void {
    for (const [key, record] of this.#records) {
      const { quietSince, state, resolvedAt } = record;
      if (state === "resolved" && at - (resolvedAt ?? 0) > forgottenMs) this.#records.delete(key);
      if (state !== "firing" || quietSince === undefined) continue;
      for (let now = quietSince + tickMs; now < at; now += tickMs) {
        const next = advance(record, { scope: record.scope, condition: undefined, now });
        if (next?.state !== "resolved") continue;
        this.#records.set(key, next);
        this.#close(key, now);
        break;
      }
    }
  }

  async #change(key: string, after: AlertRecord | undefined, at: number): Promise<void> {
    const before = this.#records.get(key);
    if (after) this.#records.set(key, after);
    else {
      this.#records.delete(key);
      if (before?.state === "pending") this.#onlyPending++;
    }
    const told = transition(before, after);
    if (told === "resolved") this.#close(key, at);
    if (told === "firing" && after) await this.#begin(after, at);
  }

  async #begin(record: AlertRecord, at: number): Promise<void> {
    const { mostEpisodes = 1000 } = this.#options;
    const going = this.#going.get(record.fingerprint);
    const finding = this.#findings.get(record.fingerprint);
    if (!going || !finding) return;
    const spoken = await speak(going.condition, {
      ...{ speech: this.#rule.speech, finding, context: this.#context(at) },
    });
    const condition = { ...spoken, labels: { ...this.#rule.speech.externalLabels, ...spoken.labels } };
    const { labels, annotations, severity, summary, value } = condition;
    const episode: Episode = {
      ...{ fingerprint: record.fingerprint, labels, severity, summary, condition },
      ...(annotations && { annotations }),
      ...(value !== undefined && { value }),
      activeSince: record.activeSince,
      firingSince: at,
    };
    this.#open.set(record.fingerprint, episode);
    this.#most = Math.max(this.#most, this.#open.size);
    if (this.#episodes.length < mostEpisodes) this.#episodes.push(episode);
    else this.#warnings.add(`Only the first ${mostEpisodes} alerts are told.`);
  }

  #close(key: string, at: number): void {
    const episode = this.#open.get(key);
    if (episode) episode.resolvedAt = at;
    this.#open.delete(key);
  }

  #context(at: number): SpeakingContext {
    const { context, signal } = this.#options;
    return { ...context, at, signal, fault: (text) => void this.#warnings.add(text) };
  }

  #mark(at: number): void {
    const states = [...this.#records.values()].map(({ state }) => state);
    const state = states.includes("firing") ? "firing" : states.includes("pending") ? "pending" : undefined;
    const last = this.#spans.at(-1);
    const isOpen = last !== undefined && last.to === Number.POSITIVE_INFINITY;
    if (isOpen && last.state === state) return;
    if (isOpen) last.to = at;
    if (!state) return;
    if (this.#spans.length === mostSpans)
      this.#warnings.add(`Only the first ${mostSpans} times in which it was pending or firing are told.`);
    else this.#spans.push({ state, from: at, to: Number.POSITIVE_INFINITY });
  }

  failed({ from, to }: { from: number; to: number }, cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    const last = this.#failures.at(-1);
    if (last?.message === message && from - last.to <= this.#rule.intervalMs) last.to = to;
    else if (this.#failures.length < 100) this.#failures.push({ from, to, message });
  }

  end(): Replay {
    for (const span of this.#spans) span.to = Math.min(span.to, this.#options.until);
    return {
      ...{ evaluations: this.#evaluations, episodes: this.#episodes, onlyPending: this.#onlyPending },
      ...{ spans: this.#spans, most: this.#most, failures: this.#failures, warnings: [...this.#warnings] },
    };
  }
}

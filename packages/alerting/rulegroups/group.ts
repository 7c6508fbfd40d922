import { type Labels, labelsKey, parseDuration } from "@havn/model";
import type { Rule } from "@havn/prometheus";
import { type Expr, type InstantResult, selectorsOf } from "@havn/promql";
import type { Condition } from "../alerts/machine.ts";
import { conditionOf, ownExpr, type Speech } from "../rules/condition.ts";
import { carryOn, type Found, type Going } from "../rules/going.ts";
import type { Series, TimedSample } from "./series.ts";
import type { DeclaredGroup } from "./store.ts";

/** What evaluating needs of the rest. */
export interface GroupOptions {
  query(expr: Expr, atMs: number, signal: AbortSignal): Promise<InstantResult>;
  /** A `query` that reads once what several rules read, for one evaluation of a group. */
  shareQuery?(): GroupOptions["query"];
  series: Series;
  /** Takes in all that rules find wrong now, by their scopes. */
  observe(seen: ReadonlyMap<string, readonly Condition[]>): Promise<void>;
  /** Whether alerts of a scope are known. */
  knows(scope: string): boolean;
  /** Since when an alert is known to be going on, from before this process. */
  activeSince(fingerprint: string): number | undefined;
  externalUrl: string;
}

/** How a rule went lately. Times in milliseconds. */
export interface RuleState {
  rule: Rule;
  /** Tells it from all other rules of the group and others. */
  id: string;
  health: "unknown" | "ok" | "err";
  lastError: string;
  /** What does not keep it from going on: a template that could not be filled in. */
  warnings: readonly string[];
  lastEvaluation: number;
  durationMs: number;
  evaluations: number;
  failures: number;
  /** Undefined where it cannot be read. */
  expr: Expr | undefined;
  /** Of alerting rules: for whom alerts of it are kept. */
  scope: string;
}

interface Held extends RuleState {
  /** What it wrote last, by labels: what is gone ends. */
  written: Map<string, Labels>;
  /** Alerts that are going on, for `keep_firing_for` and the series ALERTS. */
  going: Map<string, Going>;
}

/** A group of rules: evaluated together, in order, each seeing what those before it recorded. */
export class RuleGroup {
  readonly declared: DeclaredGroup;
  readonly interval: number;
  readonly offset: number;
  lastEvaluation = 0;
  durationMs = 0;
  /** How long after its time the last evaluation began. */
  latenessMs = 0;
  iterations = 0;
  /** Turns that were left out, since the one before took too long. */
  missed = 0;
  readonly #queryOffset: number;
  readonly #options: GroupOptions;
  readonly #rules: Held[];
  /** Alerting rules whose alerts are to be told of. */
  readonly #found = new Set<Held>();
  readonly #waiting: { held: Held; samples: readonly TimedSample[]; next: Map<string, Labels> }[] = [];

  constructor(declared: DeclaredGroup, options: GroupOptions) {
    const { interval, query_offset, rules } = declared.properties;
    this.declared = declared;
    this.interval = parseDuration(interval);
    this.#queryOffset = parseDuration(query_offset);
    this.offset = groupOffset(declared.properties);
    this.#options = options;
    const scopes = new Map<string, number>();
    this.#rules = rules.map((rule, place) => {
      const name = `rules ${declared.address} ${rule.alert ?? ""}`;
      const count = (scopes.get(name) ?? 0) + 1;
      scopes.set(name, count);
      return {
        ...{
          rule,
          health: "unknown" as const,
          lastError: "",
          warnings: [],
          lastEvaluation: 0,
          durationMs: 0,
        },
        ...{ evaluations: 0, failures: 0, id: `${declared.address} ${place}` },
        scope: count === 1 ? name : `${name} ${count}`,
        ...restricted(rule.expr, declared.environment),
        ...{ written: new Map(), going: new Map() },
      };
    });
  }

  get rules(): readonly RuleState[] {
    return this.#rules;
  }

  /** Alerts that fire as of the last evaluation, with what they say. */
  firing(): { alert: string; labels: Labels; annotations: Labels }[] {
    return this.#rules.flatMap(({ rule, going }) =>
      [...going.values()]
        .filter(({ since, condition }) => this.lastEvaluation - since >= condition.forMs)
        .map(({ labels, condition }) => ({
          ...{ alert: rule.alert ?? "", labels, annotations: condition.annotations ?? {} },
        })),
    );
  }

  /** Every rule once, as of `now`. Throws nothing: what fails is told by the rule's state. */
  async evaluate(now: number, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const at = now - this.#queryOffset;
    const { series, query, shareQuery = () => query } = this.#options;
    let ask = shareQuery();
    let told = started;
    using patience = patienceOf(this.interval, signal);
    for (const held of this.#rules) {
      if (signal.aborted) return;
      const begun = performance.now();
      if (begun - told > longestUntoldMs) {
        await this.#tellFound();
        told = performance.now();
      }
      try {
        if (!held.expr) throw new Error("the expression cannot be read");
        if (reads(held.expr, this.#namesWaiting())) {
          await this.#writeWaiting();
          await series.flush();
          ask = shareQuery();
        }
        const result = await ask(held.expr, at, patience.renewed());
        if (held.rule.record === undefined) await this.#alert(held, { result, at, now, signal });
        else this.#record(held, { record: held.rule.record, result, at });
        Object.assign(held, { health: "ok", lastError: "" });
        held.evaluations++;
      } catch (error) {
        if (signal.aborted) return;
        held.evaluations++;
        held.failures++;
        Object.assign(held, {
          health: "err",
          lastError: error instanceof Error ? error.message : String(error),
        });
      }
      Object.assign(held, { lastEvaluation: now, durationMs: performance.now() - begun });
    }
    await this.#tellFound();
    await this.#writeWaiting();
    this.iterations++;
    this.lastEvaluation = now;
    this.durationMs = performance.now() - started;
  }

  /** It is evaluated no more: what it recorded ends. */
  async end(now: number): Promise<void> {
    const gone = this.#rules.flatMap(({ written }) => [...written.values()]);
    if (gone.length > 0)
      await this.#options.series.write(
        this.declared.environment,
        gone.map((labels) => ({ labels, time: now, value: "stale" as const })),
      );
  }

  #record(held: Held, { record, result, at }: { record: string; result: InstantResult; at: number }): void {
    const samples = recordedSamples(held.rule, { record, result, at });
    this.#checkLimit(samples.length);
    this.#write(held, samples, at);
  }

  #checkLimit(count: number): void {
    const { limit } = this.declared.properties;
    if (limit > 0 && count > limit) throw new Error(`exceeded limit of ${limit} with ${count} series`);
  }

  /** Samples, and the end of what was written last time and is not there any more. */
  #write(held: Held, samples: readonly TimedSample[], at: number): void {
    const next = new Map(samples.map(({ labels }) => [labelsKey(labels), labels]));
    const gone = [...held.written].filter(([key]) => !next.has(key));
    const all = [...samples, ...gone.map(([, labels]) => ({ labels, time: at, value: "stale" as const }))];
    if (all.length > 0) this.#waiting.push({ held, samples: all, next });
  }

  #namesWaiting(): readonly string[] {
    if (this.#waiting.length === 0) return [];
    return this.#waiting.flatMap(({ held }) => held.rule.record ?? ["ALERTS", "ALERTS_FOR_STATE"]);
  }

  /** What rules made goes to disk together: each by itself would wait for the disk. Throws nothing. */
  async #writeWaiting(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) return;
    try {
      const samples = waiting.flatMap((one) => one.samples);
      await this.#options.series.write(this.declared.environment, samples);
      for (const { held, next } of waiting) held.written = next;
    } catch (error) {
      fail(
        waiting.map(({ held }) => held),
        error,
      );
    }
  }

  async #alert(
    held: Held,
    { result, at, now, signal }: { result: InstantResult; at: number; now: number; signal: AbortSignal },
  ): Promise<void> {
    const found =
      result.type === "vector"
        ? result.vector
        : result.type === "scalar"
          ? [{ labels: {}, value: result.value }]
          : [];
    const conditions = new Map<string, Found>();
    const { external_labels } = this.declared.properties;
    const speech = groupSpeech(this.declared, held.rule);
    const { query, externalUrl } = this.#options;
    const faults = new Set<string>();
    const context = { at, signal, query, externalUrl, fault: (text: string) => void faults.add(text) };
    for (const finding of found) {
      const condition = await conditionOf(speech, finding, context);
      if (conditions.has(condition.fingerprint))
        throw new Error("vector contains metrics with the same labelset after applying alert labels");
      // As in Prometheus they stand on what is told of an alert, and on no series.
      const told = { ...condition, labels: { ...external_labels, ...condition.labels } };
      conditions.set(condition.fingerprint, { condition: told, labels: condition.labels });
    }
    held.warnings = [...faults];
    this.#checkLimit(conditions.size);
    const keepMs = parseDuration(held.rule.keep_firing_for ?? "0s");
    carryOn(held.going, conditions, { now, keepMs, since: this.#options.activeSince });
    if (held.going.size > 0 || this.#options.knows(held.scope)) this.#found.add(held);
    this.#write(held, alertSeries(held, at, now), at);
  }

  /**
   * What rules found is told together: each by itself would wait for the disk, and for the rules of all other groups.
   * Throws nothing: what cannot be kept now is found again.
   */
  async #tellFound(): Promise<void> {
    const found = [...this.#found];
    this.#found.clear();
    if (found.length === 0) return;
    try {
      await this.#options.observe(
        new Map(
          found.map(({ scope, going }) => [scope, [...going.values()].map(({ condition }) => condition)]),
        ),
      );
    } catch (error) {
      fail(found, error);
    }
  }
}

function fail(rules: readonly Held[], error: unknown): void {
  const lastError = error instanceof Error ? error.message : String(error);
  for (const held of rules) {
    held.failures++;
    Object.assign(held, { health: "err", lastError });
  }
}

/** How a group's alerting rule speaks. */
export function groupSpeech({ environment, address, properties }: DeclaredGroup, rule: Rule): Speech {
  const name = rule.alert ?? "";
  return {
    ...{ name, environment, address, source: `${address} ${name}` },
    ...{ labels: rule.labels ?? {}, annotations: rule.annotations ?? {} },
    ...{ forMs: parseDuration(rule.for ?? "0s"), externalLabels: properties.external_labels },
  };
}

/** A group sees its own environment's series only. */
function restricted(expr: string, environment: string): { expr: Expr | undefined; lastError?: string } {
  try {
    return { expr: ownExpr(expr, environment) };
  } catch (error) {
    return { expr: undefined, lastError: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether an expression may read one of these names. */
function reads(expr: Expr, names: readonly string[]): boolean {
  if (names.length === 0) return false;
  return selectorsOf(expr).some(({ matchers }) => {
    const name = matchers.find((matcher) => matcher.name === "__name__");
    return name?.operator !== "=" || names.includes(name.value);
  });
}

/** Throws where two series became one. */
export function recordedSamples(
  rule: Rule,
  { record, result, at }: { record: string; result: InstantResult; at: number },
): TimedSample[] {
  const found =
    result.type === "vector"
      ? result.vector
      : result.type === "scalar"
        ? [{ labels: {}, value: result.value }]
        : [];
  const seen = new Set<string>();
  return found.map((sample) => {
    const labels = recordedLabels(sample.labels, { rule, record });
    const key = labelsKey(labels);
    if (seen.has(key))
      throw new Error("vector contains metrics with the same labelset after applying rule labels");
    seen.add(key);
    return {
      labels,
      time: at,
      value: "histogram" in sample && sample.histogram ? sample.histogram : sample.value,
    };
  });
}

export function recordedLabels(series: Labels, { rule, record }: { rule: Rule; record: string }): Labels {
  const merged = Object.entries({ ...series, ...rule.labels, __name__: record });
  return Object.fromEntries(merged.filter(([, value]) => value !== ""));
}

/** The series by which Prometheus tells of alerts: ALERTS and ALERTS_FOR_STATE. */
function alertSeries({ rule, going }: Held, at: number, now: number): TimedSample[] {
  return [...going.values()].flatMap(({ condition, labels: own, since }) => {
    const labels = { ...own, alertname: rule.alert ?? "" };
    const alertstate = now - since >= condition.forMs ? "firing" : "pending";
    return [
      { labels: { ...labels, __name__: "ALERTS", alertstate }, time: at, value: 1 },
      { labels: { ...labels, __name__: "ALERTS_FOR_STATE" }, time: at, value: Math.floor(since / 1000) },
    ];
  });
}

/** How long alerts of a group that takes its time wait for the others of it. */
const longestUntoldMs = 200;

/**
 * A signal that aborts when `outer` does, or so long after it was renewed. Twenty thousand rules with a timer and a signal
 * each, until those run out, keep the garbage collector at work for tenths of a second.
 */
function patienceOf(milliseconds: number, outer: AbortSignal): Disposable & { renewed(): AbortSignal } {
  let inner = new AbortController();
  const giveUp = () => inner.abort(outer.reason);
  outer.addEventListener("abort", giveUp, { once: true });
  const timer = setTimeout(
    () => inner.abort(new DOMException("The rule took too long", "TimeoutError")),
    milliseconds,
  );
  return {
    renewed() {
      timer.refresh();
      if (inner.signal.aborted && !outer.aborted) inner = new AbortController();
      return inner.signal;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer.removeEventListener("abort", giveUp);
    },
  };
}

/** Groups are spread over their interval, each always at the same place. Milliseconds. */
export const groupOffset = ({ file, group, interval }: DeclaredGroup["properties"]): number =>
  hashOf(`${file};${group}`) % parseDuration(interval);

function hashOf(text: string): number {
  let hash = 2_166_136_261;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return hash;
}

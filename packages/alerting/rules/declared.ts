import { type Clock, type Labels, parseDuration } from "@havn/model";
import type { Expr } from "@havn/promql";
import type { Book } from "../alerts/book.ts";
import type { Series, TimedSample } from "../rulegroups/series.ts";
import type { Rule } from "../store.ts";
import type { Ask, Drawn } from "./ask.ts";
import { conditionOf } from "./condition.ts";
import { judge } from "./detect/index.ts";
import { findingAt, ruleExpression, ruleInterval, ruleScope, ruleSpeech } from "./evaluate.ts";
import { carryOn, type Found, type Going } from "./going.ts";

export interface DeclaredRulesOptions {
  clock: Clock;
  book: Book;
  ask: Ask;
  /** Where bands are kept, so that charts show them. */
  series: Series;
  externalUrl: string;
  log(message: string): void;
}

/** A rule of type `alert`, and how it went lately. Times in milliseconds. */
export interface DeclaredAlert {
  rule: Rule;
  scope: string;
  lastError: string;
  /** A template that could not be filled in: what the alert says stands in its place. */
  warnings: readonly string[];
  lastEvaluation: number;
  durationMs: number;
  evaluations: number;
  failures: number;
  /** Or what keeps it from being read: an engine of later days may say so of what it took before. */
  expr: Expr | Error;
}

interface Held extends DeclaredAlert {
  intervalMs: number;
  going: Map<string, Going>;
}

/** Rules of type `alert`: each evaluated at its own interval, several at a time. */
export interface DeclaredRules {
  declare(rules: readonly Rule[]): void;
  /** All, whatever the time. Throws for none: its alerts stay as they are. */
  evaluate(signal: AbortSignal): Promise<void>;
  /** Each as its time comes, until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  list(): readonly DeclaredAlert[];
}

const queryTimeoutMs = 10_000;
const atOnce = 4;
/** Rules that were declared meanwhile are seen after so long at most. */
const longestSleepMs = 1000;
/** Looking more often would only cost. */
const leastSleepMs = 20;
/** Of one rule: more series than people look at are not drawn. */
const mostDrawn = 500;

export function createDeclaredRules(options: DeclaredRulesOptions): DeclaredRules {
  const { clock, book, log } = options;
  let held: Held[] = [];

  function declare(rules: readonly Rule[]): void {
    const known = new Map(held.map((one) => [one.rule.address, one]));
    held = rules.map((rule) => {
      const before = known.get(rule.address);
      if (before && JSON.stringify(before.rule) === JSON.stringify(rule)) return before;
      return {
        ...{ rule, scope: ruleScope(rule), expr: readable(rule), lastError: "", warnings: [] },
        intervalMs: ruleInterval(rule),
        ...{ lastEvaluation: 0, durationMs: 0, evaluations: 0, failures: 0 },
        // What is kept firing stays so when a word of the rule has changed.
        going: before?.going ?? new Map<string, Going>(),
      };
    });
  }

  async function evaluateOne(one: Held, signal: AbortSignal): Promise<void> {
    const now = clock.now();
    const begun = performance.now();
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(queryTimeoutMs)]);
    one.evaluations++;
    try {
      await observe(one, now, deadline);
      one.lastError = "";
    } catch (cause) {
      if (signal.aborted) return;
      const message = messageOf(cause);
      one.failures++;
      if (one.lastError !== message) log(`rule ${one.rule.address} was not evaluated: ${message}`);
      one.lastError = message;
    }
    Object.assign(one, { lastEvaluation: now, durationMs: performance.now() - begun });
  }

  async function observe(one: Held, now: number, signal: AbortSignal): Promise<void> {
    const { rule, expr, scope, going } = one;
    if (expr instanceof Error) throw expr;
    const { environment, properties } = rule;
    const { ask, externalUrl } = options;
    const grid = { start: now, step: 1, count: 1 };
    const { wrong, drawn } = await judge({
      ...{ environment, expr, detect: properties.detect, grid, ask, signal },
    });
    const speech = ruleSpeech(rule);
    const faults = new Set<string>();
    const query: Ask["instant"] = (...asked) => ask.instant(...asked);
    const context = { at: now, signal, externalUrl, query, fault: (text: string) => void faults.add(text) };
    const found = new Map<string, Found>();
    for (const column of wrong) {
      const finding = findingAt(column, 0);
      if (!finding) continue;
      const condition = await conditionOf(speech, finding, context);
      found.set(condition.fingerprint, { condition, labels: condition.labels });
    }
    one.warnings = [...faults];
    const keepMs = parseDuration(properties.keepFiringFor ?? "0s");
    carryOn(going, found, {
      ...{ now, keepMs },
      since: (key) => {
        const record = book.find(key);
        return record && record.state !== "resolved" ? record.activeSince : undefined;
      },
    });
    await book.observe(
      scope,
      [...going.values()].map(({ condition }) => condition),
    );
    const kind = properties.detect?.kind;
    if (kind === "band" || kind === "ratio") {
      const samples = drawn.slice(0, mostDrawn).flatMap((each) => bandSamples(rule, each, now));
      if (samples.length > 0) await options.series.write(environment, samples);
    }
  }

  async function evaluateMany(some: readonly Held[], signal: AbortSignal): Promise<void> {
    const queue = some.values();
    const work = async () => {
      for (const one of queue) if (!signal.aborted) await evaluateOne(one, signal);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  return {
    declare,
    evaluate: (signal) => evaluateMany(held, signal),
    async start(signal) {
      while (!signal.aborted) {
        const now = clock.now();
        await evaluateMany(
          held.filter(({ lastEvaluation, intervalMs }) => now - lastEvaluation >= intervalMs),
          signal,
        );
        let next = clock.now() + longestSleepMs;
        for (const { lastEvaluation, intervalMs } of held) next = Math.min(next, lastEvaluation + intervalMs);
        await clock.sleep(Math.max(next - clock.now(), leastSleepMs), signal);
      }
    },
    list: () => held,
  };
}

/** The series by which charts show where a value should have been: `havn_alert_band_lower`, `…_upper`, `…_value`. */
function bandSamples(rule: Rule, { labels, values, lower, upper }: Drawn, time: number): TimedSample[] {
  const { __name__: _, env: __, ...own }: Labels = labels;
  return Object.entries({ value: values, lower, upper }).flatMap(([name, column]) => {
    const value = column[0] ?? Number.NaN;
    return Number.isNaN(value)
      ? []
      : [{ labels: { ...own, alert: rule.name, __name__: `havn_alert_band_${name}` }, time, value }];
  });
}

function readable(rule: Rule): Expr | Error {
  try {
    return ruleExpression(rule);
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

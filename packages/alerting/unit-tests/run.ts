import { formatDuration, type Labels, parseDuration } from "@havn/model";
import type { RulesProperties, UnitTestGroup, UnitTests } from "@havn/prometheus";
import { createPromqlEngine, type PromqlEngine } from "@havn/promql";
import { hintsAsStored, parseHistogram, parseLabels, parseSeries } from "@havn/promql/written";
import { RuleGroup } from "../rulegroups/group.ts";
import { differingAlerts, differingSamples, type TestAlert, type TestSample } from "./compare.ts";
import { unitStore } from "./store.ts";

/** One test that is not as expected, or could not be made. */
export interface UnitFailure {
  /** The test group's name, or its number. */
  test: string;
  /** What was asked, and when. */
  what: string;
  /** Where it stands in the file: the path to it. */
  path: (string | number)[];
  lines: string[];
}

export interface UnitOutcome {
  tests: number;
  failures: UnitFailure[];
}

/** Runs the unit tests of a file on rules that were read; nothing is asked of a server. */
export async function runUnitTests(
  tests: UnitTests,
  groups: readonly RulesProperties[],
  signal: AbortSignal,
): Promise<UnitOutcome> {
  const outcome: UnitOutcome = { tests: 0, failures: [] };
  for (const [index, test] of (tests.tests ?? []).entries())
    await new Run({ tests, groups, index, test, signal, outcome }).all();
  return outcome;
}

interface RunOptions {
  tests: UnitTests;
  groups: readonly RulesProperties[];
  index: number;
  test: UnitTestGroup;
  signal: AbortSignal;
  outcome: UnitOutcome;
}

class Run {
  readonly #options: RunOptions;
  readonly #store = unitStore();
  readonly #engine: PromqlEngine;
  readonly #groups: RuleGroup[];
  readonly #stepMs: number;

  constructor(options: RunOptions) {
    const { tests, groups, test } = options;
    this.#options = options;
    this.#stepMs = parseDuration(tests.evaluation_interval);
    this.#engine = createPromqlEngine({ querier: this.#store.querier, defaultStepMs: this.#stepMs });
    const order = tests.group_eval_order ?? [];
    const place = ({ group }: RulesProperties) => Math.max(0, order.indexOf(group));
    this.#groups = groups
      .toSorted((a, b) => place(a) - place(b))
      .map((properties, number) => {
        const external_labels = test.external_labels ?? {};
        const declared = {
          ...{ address: `/rules/${number}`, environment: "", name: properties.group },
          properties: { ...properties, external_labels, query_offset: "0s" },
        };
        return new RuleGroup(declared, {
          query: (expr, at, signal) => this.#engine.instant(expr, at, { signal }),
          series: this.#store,
          observe: async () => {},
          knows: () => false,
          activeSince: () => undefined,
          externalUrl: test.external_url ?? "",
        });
      });
  }

  async all(): Promise<void> {
    const { test, outcome } = this.#options;
    const alerts = (test.alert_rule_test ?? []).map((one, at) => ({
      one,
      at,
      ms: parseDuration(one.eval_time),
    }));
    const exprs = (test.promql_expr_test ?? []).map((one, at) => ({
      one,
      at,
      ms: parseDuration(one.eval_time),
    }));
    outcome.tests += alerts.length + exprs.length;
    if (!this.#load()) return;
    const end = Math.max(0, ...[...alerts, ...exprs].map(({ ms }) => ms));
    for (let now = 0; now <= end; now += this.#stepMs) {
      if (!(await this.#evaluate(now))) return;
      for (const { one, at, ms } of alerts)
        if (now <= ms && ms < now + this.#stepMs) this.#checkAlerts(one, at);
    }
    for (const { one, at, ms } of exprs) await this.#checkExpr(one, at, ms);
  }

  #fail(what: string, path: (string | number)[], lines: string[]): void {
    const { outcome, index, test } = this.#options;
    outcome.failures.push({
      ...{ test: test.name ?? `test ${index + 1}`, what, lines },
      path: ["tests", index, ...path],
    });
  }

  #load(): boolean {
    const { test, tests } = this.#options;
    const step = parseDuration(test.interval ?? tests.evaluation_interval);
    for (const [at, { series, values }] of (test.input_series ?? []).entries())
      try {
        const { labels } = parseLabels(series);
        const parsed = parseSeries(`{} ${values}`).values;
        for (const [i, value] of hintsAsStored(parsed).entries())
          if (value !== undefined) this.#store.put(labels, i * step, value);
      } catch (cause) {
        this.#fail("input_series", ["input_series", at], [messageOf(cause)]);
        return false;
      }
    return true;
  }

  async #evaluate(now: number): Promise<boolean> {
    const errors: string[] = [];
    for (const group of this.#groups) {
      await group.evaluate(now, this.#options.signal);
      this.#options.signal.throwIfAborted();
      for (const { rule, lastError } of group.rules)
        if (lastError !== "") errors.push(`rule ${rule.record ?? rule.alert}: ${lastError}`);
    }
    // What comes after an evaluation that failed says nothing.
    if (errors.length > 0) this.#fail(`evaluation at ${formatDuration(now)}`, [], errors);
    return errors.length === 0;
  }

  #checkAlerts(test: NonNullable<UnitTestGroup["alert_rule_test"]>[number], at: number): void {
    const got = this.#groups.flatMap((group) =>
      group
        .firing()
        .filter(({ alert }) => alert === test.alertname)
        .map(
          ({ labels, annotations }): TestAlert => ({
            ...{ labels: { ...labels, alertname: test.alertname }, annotations },
          }),
        ),
    );
    const wanted = (test.exp_alerts ?? []).map(({ exp_labels, exp_annotations }) => ({
      labels: nonEmpty({ ...exp_labels, alertname: test.alertname }),
      annotations: { ...exp_annotations },
    }));
    const lines = differingAlerts(wanted, got);
    if (lines.length > 0)
      this.#fail(`alert ${test.alertname} at ${test.eval_time}`, ["alert_rule_test", at], lines);
  }

  async #checkExpr(
    test: NonNullable<UnitTestGroup["promql_expr_test"]>[number],
    at: number,
    ms: number,
  ): Promise<void> {
    const fail = (lines: string[]) =>
      this.#fail(`${test.expr} at ${test.eval_time}`, ["promql_expr_test", at], lines);
    try {
      const wanted = (test.exp_samples ?? []).map(
        ({ labels, value, histogram }): TestSample => ({
          labels: nonEmpty(parseLabels(labels).labels),
          value: histogram === "" ? numberOf(value) : Number.NaN,
          ...(histogram !== "" && { histogram: parseHistogram(histogram) }),
        }),
      );
      const result = await this.#engine.instant(test.expr, ms, { signal: this.#options.signal });
      if (result.type !== "vector" && result.type !== "scalar")
        return fail(["the result is neither a vector nor a scalar"]);
      const got = result.type === "scalar" ? [{ labels: {}, value: result.value }] : result.vector;
      const lines = differingSamples(wanted, got, this.#options.tests.fuzzy_compare);
      if (lines.length > 0) fail(lines);
    } catch (cause) {
      fail([messageOf(cause)]);
    }
  }
}

const nonEmpty = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));

function numberOf(value: number | string): number {
  if (typeof value === "number") return value;
  const infinity = /^([+-]?)\.?inf$/i.exec(value);
  if (infinity) return infinity[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(value);
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

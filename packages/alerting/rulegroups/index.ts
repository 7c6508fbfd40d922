import { isDeepStrictEqual } from "node:util";
import type { Route } from "@havn/http";
import type { Clock } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import type { Book } from "../alerts/book.ts";
import type { ResourceExecutor } from "../executor.ts";
import type { DeclaredAlert } from "../rules/declared.ts";
import { type BackfillOptions, backfillGroup } from "./backfill.ts";
import { createRulesExecutor } from "./executor.ts";
import { type GroupOptions, RuleGroup } from "./group.ts";
import { ruleRoutes } from "./routes.ts";
import type { Series } from "./series.ts";
import { type DeclaredGroup, listGroups } from "./store.ts";

export type { Series } from "./series.ts";

export interface RuleGroupsOptions {
  sql: Sql;
  clock: Clock;
  book: Book;
  query: GroupOptions["query"];
  shareQuery?: GroupOptions["shareQuery"];
  queryRange: BackfillOptions["queryRange"];
  series: Series;
  externalUrl: string;
  /** Rules that are declared as type `alert`, to be told beside those in groups. */
  declaredAlerts(): readonly DeclaredAlert[];
  /** What a rule needs and does not find, in sentences. */
  unmatched(id: string): readonly string[];
  log(message: string): void;
}

/** Groups of rules as Prometheus has them: evaluated each at its own times, recording and alerting. */
export interface RuleGroups {
  executor: ResourceExecutor;
  routes: Route[];
  list(): RuleGroup[];
  /** Evaluates groups as their times come, until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Every group once, whatever the time. */
  evaluate(signal?: AbortSignal): Promise<void>;
}

interface Running {
  group: RuleGroup;
  stop: AbortController;
}

export async function createRuleGroups(options: RuleGroupsOptions): Promise<RuleGroups> {
  const { sql, clock, book, log } = options;
  await migrate(sql, "rules", new URL("./migrations/", import.meta.url));
  const running = new Map<string, Running>();
  const told = new Map<string, string>();
  let started: AbortSignal | undefined;
  let turn: Promise<void> = Promise.resolve();
  const loops = new Set<Promise<void>>();

  const groupOptions: GroupOptions = {
    ...{ query: options.query, series: options.series, externalUrl: options.externalUrl },
    ...(options.shareQuery && { shareQuery: options.shareQuery }),
    observe: (seen) => book.observeMany(seen),
    knows: (scope) => book.knows(scope),
    activeSince: (fingerprint) => {
      const record = book.find(fingerprint);
      return record && record.state !== "resolved" ? record.activeSince : undefined;
    },
  };

  /** What went wrong is told once, and again when it is something else. */
  function tell({ declared: { address, properties }, rules }: RuleGroup): void {
    for (const { rule, lastError, scope } of rules) {
      const key = `${scope}\0${rule.record ?? ""}\0${rule.line ?? 0}`;
      if (lastError !== "" && told.get(key) !== lastError)
        log(
          `rule ${rule.record ?? rule.alert} of ${address} (${properties.file}:${rule.line ?? 1}): ${lastError}`,
        );
      told.set(key, lastError);
    }
  }

  async function run({ group, stop }: Running, signal: AbortSignal): Promise<void> {
    const ending = AbortSignal.any([signal, stop.signal]);
    const { interval, offset } = group;
    const untilNext = () => interval - ((((clock.now() - offset) % interval) + interval) % interval);
    while (!ending.aborted) {
      const due = clock.now() + untilNext();
      await clock.sleep(due - clock.now(), ending);
      if (ending.aborted) return;
      // A timer may end a millisecond early: that would be the turn before once more, and this one left out.
      const now = Math.max(clock.now(), due);
      // The time that it was meant for, so that samples lie evenly however late it is.
      const meant = now - ((((now - offset) % interval) + interval) % interval);
      group.latenessMs = now - meant;
      if (group.iterations > 0)
        group.missed += Math.max(0, Math.round((meant - group.lastEvaluation) / interval) - 1);
      await group.evaluate(meant, ending);
      if (!ending.aborted) tell(group);
    }
  }

  function begin(one: Running): void {
    if (!started || started.aborted) return;
    const loop = run(one, started);
    loops.add(loop);
    void loop.finally(() => loops.delete(loop));
  }

  async function bringAbout(): Promise<void> {
    const wanted = new Map((await listGroups(sql)).map((one) => [one.address, one]));
    for (const [address, { group, stop }] of running) {
      if (isDeepStrictEqual(wanted.get(address), group.declared)) continue;
      running.delete(address);
      stop.abort();
      await group.end(clock.now());
    }
    for (const [address, declared] of wanted) {
      if (running.has(address)) continue;
      const one = { group: new RuleGroup(declared, groupOptions), stop: new AbortController() };
      running.set(address, one);
      begin(one);
    }
    const scopes = new Set(
      [...running.values()].flatMap(({ group }) => group.rules.map(({ scope }) => scope)),
    );
    await book.end(({ scope }) => scope.startsWith("rules ") && !scopes.has(scope));
  }

  const declared = (): Promise<void> => {
    const next = turn.then(bringAbout);
    turn = next.catch(() => {});
    return next;
  };

  const groups = (): RuleGroup[] => [...running.values()].map(({ group }) => group);
  await declared();
  return {
    executor: createRulesExecutor({ sql, declared }),
    list: groups,
    routes: ruleRoutes({
      ...{ groups, book, unmatched: options.unmatched, declaredAlerts: options.declaredAlerts },
      backfill: (group: DeclaredGroup, window) => backfillGroup(group, window, options),
    }),
    async start(signal) {
      started = signal;
      for (const one of running.values()) begin(one);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.allSettled([...loops]);
    },
    async evaluate(signal = new AbortController().signal) {
      for (const group of groups()) {
        await group.evaluate(clock.now(), signal);
        tell(group);
      }
    },
  };
}

import { type Address, type Alert, type CheckResult, parseAddress, repeat } from "@havn/model";
import { migrate } from "@havn/postgres";
import { alertOf, openBook } from "./alerts/book.ts";
import { ruleOf } from "./alerts/rule-of.ts";
import { alertViews } from "./alerts/views.ts";
import { backtestRoutes } from "./backtest/routes.ts";
import { createBoard } from "./checks/board.ts";
import { type CheckLine, linesOf } from "./checks/lines.ts";
import { createRunner } from "./checks/own.ts";
import { type CheckRoutesOptions, checkRoutes } from "./checks/routes.ts";
import { type CheckSample, samplesOf } from "./checks/series.ts";
import { openToldChecks } from "./checks/told.ts";
import { behindLabel, isCheckScope } from "./conditions/checks.ts";
import { fightsScope, resourceFights } from "./conditions/fights.ts";
import { hostScope, lostHost } from "./conditions/hosts.ts";
import {
  exitCondition,
  exitHolds,
  instancesScope,
  isNewExit,
  unhealthyInstances,
} from "./conditions/instances.ts";
import { newSeriesScope, tooManyNewSeries } from "./conditions/new-series.ts";
import { refusedSamples, refusedSamplesScope } from "./conditions/refused-samples.ts";
import { servicesScope, shortServices } from "./conditions/services.ts";
import { uncoveredSchedules, uncoveredScope } from "./conditions/uncovered.ts";
import { createExecutor } from "./executor.ts";
import { openHolding } from "./holding/holding.ts";
import type { Hold } from "./holding/mutes.ts";
import { presenceRules } from "./holding/presence.ts";
import { type Preview, type PreviewInput, previewDays, previewOf } from "./holding/preview.ts";
import { previewRoutes } from "./holding/routes.ts";
import { checkSubject, groupSubjects, resourceSubjects, ruleSubject } from "./holding/subjects.ts";
import { tellHeld } from "./holding/tell.ts";
import type { Alerting, AlertingOptions } from "./interfaces.ts";
import { serveLiveAlerting } from "./live.ts";
import { type AlertFilter, alertRoutes } from "./routes.ts";
import { type RoutedAlert, routedOf } from "./routing/alert.ts";
import { alertmanagerRoutes } from "./routing/http.ts";
import { createRouting, type Routing } from "./routing/index.ts";
import { listRoutes, sqlRoutingStore } from "./routing/store.ts";
import { createRuleGroups } from "./rulegroups/index.ts";
import { listGroups } from "./rulegroups/store.ts";
import type { Ask } from "./rules/ask.ts";
import { createDeclaredRules } from "./rules/declared.ts";
import { ruleScope } from "./rules/evaluate.ts";
import { ruleSamples } from "./rules/metrics.ts";
import { createUnmatched } from "./rules/unmatched/watch.ts";
import * as store from "./store.ts";

export type { ServiceCount } from "./conditions/services.ts";
export type { ResourceExecutor } from "./executor.ts";
export type { PastPage } from "./holding/preview.ts";
export type { Alerting, AlertingOptions } from "./interfaces.ts";
export type { AlertFilter } from "./routes.ts";
export type { Notification } from "./routing/groups.ts";
export { compileMatchers } from "./routing/matchers.ts";

/** How often some of the rules are looked at for whether they match anything. */
const unmatchedMs = 30_000;
/** How often is looked at what nobody tells by itself. */
const lookMs = 5000;

export async function createAlerting(options: AlertingOptions): Promise<Alerting> {
  const { sql, clock, timeline } = options;
  const log = options.log ?? ((message) => process.stderr.write(`alerting: ${message}\n`));
  await migrate(sql, "alerting", new URL("./migrations/", import.meta.url));
  const listeners = new Set<(alert: Alert) => void>();
  let rules: store.Rule[] = [];
  let probes = new Map<Address, store.Probe>();
  let presence: ReadonlySet<string> = new Set();
  const holding = await openHolding({
    ...{ sql, clock, log, probes: () => probes.values() },
    maintenance: options.maintenance ?? (async () => []),
    graphs: options.graphs ?? (async () => []),
    isPresence: (environment, name) => presence.has(`${environment}/${name}`),
    onChange: () => routing.heldChanged(),
  });
  const routing: Routing = await createRouting({
    ...{ store: sqlRoutingStore(sql), clock, log, holdsOf: holding.holdsOf },
    deliver: options.deliver,
    onHeld: (held) => tellHeld({ timeline, log }, held),
  });
  await holding.refresh();
  const book = await openBook({
    sql,
    clock,
    timeline,
    log,
    onChange: (alert) => {
      route([alert]);
      for (const listener of listeners) listener(alert);
    },
  });
  const ruleGroups = await createRuleGroups({
    ...{ sql, clock, book, log, query: options.query },
    ...options.recording,
    declaredAlerts: () => declaredRules.list(),
    unmatched: (id) => unmatched.of(id),
  });
  const unmatched = createUnmatched({
    ...{ clock, log },
    hasSeries: options.hasSeries ?? (async () => true),
  });
  const watched = () => [
    ...ruleGroups
      .list()
      .flatMap(({ rules }) => rules.flatMap(({ id, expr }) => (expr ? [{ id, expr }] : []))),
    ...declaredRules.list().flatMap(({ rule, scope, expr }) =>
      // What is missing is what these are about.
      expr instanceof Error || rule.properties.expr === "" || rule.properties.detect?.kind === "expected"
        ? []
        : [{ id: scope, expr }],
    ),
  ];
  const ask: Ask = {
    instant: options.query,
    range: options.recording.queryRange,
    ...(options.expected && { expected: options.expected }),
    ...(options.countLogs && { logs: options.countLogs }),
  };
  const declaredRules = createDeclaredRules({ ...options.recording, ...{ clock, book, ask, log } });
  const routed = new Map<string, RoutedAlert>();
  const route = (alerts: readonly Alert[]): void => {
    const now = clock.now();
    for (const alert of alerts) {
      const [before, after] = [routed.get(alert.fingerprint), routedOf(alert, now)];
      if (!after) continue;
      // For routes another severity or place makes it another alert, and ends the one before.
      if (before && before.fingerprint !== after.fingerprint)
        routing.insert([{ ...before, endsAt: now, updatedAt: now }]);
      if (alert.state === "resolved") routed.delete(alert.fingerprint);
      else routed.set(alert.fingerprint, after);
      routing.insert([after]);
    }
  };
  route(book.list().map(alertOf));
  const writeLines = (environment: string, lines: readonly CheckLine[]): void => {
    if (lines.length === 0) return;
    options
      .writeLines?.(environment, lines)
      .catch((cause) => log(`long output of a check was not kept: ${messageOf(cause)}`));
  };
  const record = (samples: readonly CheckSample[]): void => {
    options.record?.(samples).catch((cause) => log(`samples of checks were not kept: ${messageOf(cause)}`));
  };
  const board = createBoard({
    ...{ clock, book, log },
    told: book
      .list()
      .filter(({ state, scope, labels }) => state === "firing" && isCheckScope(scope) && !labels[behindLabel])
      .flatMap(({ address }) => address ?? []),
    runNow: async (wanted) => {
      const byHost = Map.groupBy(wanted, ({ host }) => host);
      await Promise.all([...byHost].map(([host, some]) => runNow(host, some)));
    },
  });
  async function runNow(host: Address, some: readonly store.Probe[]): Promise<CheckResult[]> {
    const addresses = some.map(({ address }) => address);
    if (host === "") return own.run(addresses);
    const results = (await options.runChecks?.(host, addresses)) ?? [];
    board.observe(host, results);
    return results;
  }
  const told = await openToldChecks({
    ...{ sql, clock, key: options.heartbeatKey ?? "" },
    onResult(result, probe, { measures, long }) {
      board.observe("", [result]);
      const { environment, name, address, properties } = probe;
      const spec = {
        ...{ name, address, labels: properties.labels },
        probe: { kind: properties.probe.kind },
      };
      record(samplesOf({ spec, result, attempt: { measures }, lateMs: 0 }, { env: environment }));
      writeLines(environment, linesOf(name, result, long));
    },
  });
  const own = createRunner({
    ...{ clock, log },
    resolve: options.resolve ?? (async (_, value) => value),
    onRun(run) {
      board.observe("", [run.result]);
      const { environment } = parseAddress(run.spec.address);
      record(samplesOf(run, { env: environment }));
      if (run.isNew) writeLines(environment, linesOf(run.spec.name, run.result, run.attempt.long));
    },
  });

  async function declared(): Promise<void> {
    rules = await store.listRules(sql);
    declaredRules.declare(rules);
    presence = presenceRules(rules, await listGroups(sql));
    probes = new Map((await store.listProbes(sql)).map((probe) => [probe.address, probe]));
    const scopes = new Set(rules.map(ruleScope));
    await book.end(
      ({ scope, address }) =>
        (scope.startsWith("rule ") && !scopes.has(scope)) ||
        // Scopes of hosts are of an earlier version.
        scope.startsWith("checks ") ||
        (isCheckScope(scope) && address !== undefined && !probes.has(address)),
    );
    board.declared(probes);
    await told.declared(probes);
    await own.declared([...probes.values()]);
  }

  // What could not be made durable is tried again at the next evaluation, in order. A later report of a host makes an
  // earlier one needless.
  const waiting = new Map<string, () => Promise<void>>();
  let last: Promise<void> = Promise.resolve();
  const take = (key: string, work: () => Promise<void>, again = false): void => {
    last = last.then(async () => {
      if (again && waiting.get(key) !== work) return;
      try {
        await work();
        waiting.delete(key);
      } catch (cause) {
        waiting.set(key, work);
        log(`${key} is taken in later: ${messageOf(cause)}`);
      }
    });
  };
  const takeAgain = () => {
    for (const [key, work] of waiting) take(key, work, true);
    return last;
  };

  /** All that is not a rule. */
  async function look(): Promise<void> {
    await takeAgain();
    try {
      if (options.services) await book.observe(servicesScope, shortServices(await options.services()));
      if (options.refusedSeries)
        await book.observe(newSeriesScope, tooManyNewSeries(options.refusedSeries(), clock.now()));
      if (options.refusedSamples)
        await book.observe(refusedSamplesScope, refusedSamples(options.refusedSamples(), clock.now()));
      if (options.uncovered) await book.observe(uncoveredScope, uncoveredSchedules(options.uncovered()));
      await told.tick();
      await board.tick();
      await book.tick();
    } catch (cause) {
      log(`evaluation is tried again in ${lookMs / 1000} s: ${messageOf(cause)}`);
    }
  }

  const list = ({ environment, state }: AlertFilter = {}): Alert[] =>
    book
      .list()
      .filter(
        (alert) =>
          (environment === undefined || alert.environment === environment) &&
          (state === undefined || alert.state === state),
      )
      .sort((a, b) => order[a.state] - order[b.state] || b.activeSince - a.activeSince)
      .map(alertOf);

  const withHolds = (alerts: readonly Alert[]): (Alert & { held: Hold[] })[] => {
    const held = new Map(routing.statuses().map(({ alert, heldBy }) => [alert.fingerprint, heldBy]));
    return alerts.map((alert) => {
      const fingerprint = alert.state === "firing" && routedOf(alert, clock.now())?.fingerprint;
      return { ...alert, held: (fingerprint && held.get(fingerprint)) || [] };
    });
  };

  async function preview(what: Pick<PreviewInput, "any" | "isOpen">): Promise<Preview> {
    const [graphs = [], pages = [], groups] = await Promise.all([
      options.graphs?.(),
      options.pagesSince?.(clock.now() - previewDays * 86_400_000),
      listGroups(sql),
    ]);
    const checks = [...probes.values()].map((probe) => ({
      ...checkSubject(probe),
      state: board.result(probe.address)?.state,
    }));
    const subjects = [
      ...checks,
      ...declaredRules.list().map(({ rule }) => ruleSubject(rule)),
      ...groups.flatMap(groupSubjects),
      ...graphs.flatMap(({ environment, resources }) => resourceSubjects(environment, resources)),
    ];
    return previewOf({ ...what, alerts: routing.statuses(), subjects, pages, days: previewDays });
  }

  const views = (environment?: string) =>
    alertViews({ records: book.list(), routing, now: clock.now() }, environment);

  await declared();
  return {
    executor: createExecutor({
      ...{ sql, desired: options.desired, declared },
      routesDeclared: routing.declared,
    }),
    rulesExecutor: ruleGroups.executor,
    observe(host, report) {
      take(`the report of ${host}`, async () => {
        await book.observe(instancesScope(host), unhealthyInstances(host, report), exitHolds(report));
        await book.observe(fightsScope(host), resourceFights(host, report));
      });
    },
    checkResults: board.observe,
    reportCheck: told.report,
    findNagiosCheck: told.findNagios,
    async agentEvent(host, event) {
      const condition = exitCondition(host, event);
      if (!condition) return;
      const raised = last.then(() => book.raise(instancesScope(host), condition, isNewExit(event.at)));
      last = raised.catch(() => {});
      await raised;
    },
    hostLost: (host, reason) =>
      take(hostScope(host), () => book.observe(hostScope(host), [lostHost(host, reason)])),
    hostConnected: (host) => take(hostScope(host), () => book.observe(hostScope(host), [])),
    hostRemoved: (host) => take(hostScope(host), () => book.end((record) => record.host === host)),
    async evaluate(signal = new AbortController().signal) {
      await declaredRules.evaluate(signal);
      await look();
      await ruleGroups.evaluate(signal);
    },
    async start(signal) {
      await Promise.all([
        repeat(() => unmatched.tick(watched(), signal), { clock, interval: unmatchedMs, signal }),
        declaredRules.start(signal),
        repeat(look, { clock, interval: lookMs, signal }),
        own.start(signal),
        routing.start(signal),
        ruleGroups.start(signal),
      ]);
    },
    list,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async settled() {
      await board.settled();
      await last;
    },
    lookForUnmatched: (signal) => unmatched.tick(watched(), signal),
    ruleSamples: () => ruleSamples(ruleGroups.list(), declaredRules.list(), unmatched.of),
    routing,
    views,
    expected: holding,
    maintenanceOf: (labels) => holding.maintenanceOf(labels, clock.now()),
    heldChanged: holding.refresh,
    withHolds,
    serveLive: (live) =>
      serveLiveAlerting(live, {
        checks: (environment) => board.views().filter((view) => view.environment === environment),
        onSilences: routing.silences.onChange,
      }),
    routes: [
      ...alertRoutes({
        list: (filter) => withHolds(list(filter)),
        views,
        findRule(fingerprint) {
          const record = book.list().find((one) => one.fingerprint === fingerprint);
          return record && ruleOf(record, { rules: declaredRules.list(), groups: ruleGroups.list(), probes });
        },
      }),
      ...checkRoutes({ board, told, probes: () => probes, runNow } satisfies CheckRoutesOptions),
      ...ruleGroups.routes,
      ...backtestRoutes({
        ...{ clock, ask, timeline, routing, externalUrl: options.recording.externalUrl },
        rules: () => declaredRules.list().map(({ rule }) => rule),
        groups: () => listGroups(sql),
        routes: () => listRoutes(sql),
        behindOf: holding.behindOf,
        ...(options.whom && { whom: options.whom }),
      }),
      ...alertmanagerRoutes({ routing, clock }),
      ...previewRoutes(preview, clock),
    ],
  };
}

const order: Record<Alert["state"], number> = { firing: 0, pending: 1, resolved: 2, inactive: 3 };
const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

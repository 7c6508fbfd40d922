import type { AgentEvent, HostReport } from "@havn/fleet/protocol";
import type { Live, Route } from "@havn/http";
import type {
  Address,
  Alert,
  AlertView,
  CheckResult,
  Clock,
  Expectations,
  KnownMaintenance,
  Labels,
  Resource,
  Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Expr, InstantResult } from "@havn/promql";
import type { AlertHistory, BacktestOptions } from "./backtest/index.ts";
import type { CheckLine } from "./checks/lines.ts";
import type { CheckSample } from "./checks/series.ts";
import type { ToldChecks } from "./checks/told.ts";
import type { RefusedSeries } from "./conditions/new-series.ts";
import type { RefusedSamples } from "./conditions/refused-samples.ts";
import type { ServiceCount } from "./conditions/services.ts";
import type { Uncovered } from "./conditions/uncovered.ts";
import type { DesiredChecks, ResourceExecutor } from "./executor.ts";
import type { Hold } from "./holding/mutes.ts";
import type { PastPage } from "./holding/preview.ts";
import type { AlertFilter } from "./routes.ts";
import type { Notification } from "./routing/groups.ts";
import type { Routing } from "./routing/index.ts";
import type { RuleGroupsOptions, Series } from "./rulegroups/index.ts";
import type { Ask } from "./rules/ask.ts";
import type { ruleSamples } from "./rules/metrics.ts";
import type { UnmatchedOptions } from "./rules/unmatched/watch.ts";

export interface AlertingOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline & AlertHistory;
  /** Answers PromQL; @havn/promql's `instant` takes just this. */
  query(expr: Expr, atMs: number, signal: AbortSignal): Promise<InstantResult>;
  desired: DesiredChecks;
  /** Takes in for good what a receiver is to be told; the same id counts once. Throws where it cannot: it comes again. */
  deliver(notifications: readonly Notification[]): Promise<void>;
  /** Rules in Prometheus' form: over a range, for history, and where what they record is kept. */
  recording: {
    queryRange: RuleGroupsOptions["queryRange"];
    shareQuery?: RuleGroupsOptions["shareQuery"];
    series: Series;
    /** Where people find Havn, for links in templates. */
    externalUrl: string;
  };
  /** What there should be now, for rules that find what is missing. */
  expected?: Ask["expected"];
  /** Counts lines of logs, for rules over them. */
  countLogs?: Ask["logs"];
  /** Whether any series matched within a time, to find rules that match nothing. */
  hasSeries?: UnmatchedOptions["hasSeries"];
  /** How many instances each service should have and has; asked at every evaluation. */
  services?(): ServiceCount[] | Promise<ServiceCount[]>;
  /** Targets that brought more new series than they may; asked at every evaluation. */
  refusedSeries?(): RefusedSeries[];
  /** What senders of metrics sent and was not taken; asked at every evaluation. */
  refusedSamples?(): RefusedSamples[];
  /** Schedules that will have nobody on call within days; asked at every evaluation. */
  uncovered?(): Uncovered[];
  /** Runs checks on a host now; their results. Throws where the host is not connected. */
  runChecks?(host: Address, addresses: string[]): Promise<CheckResult[]>;
  /** Replaces references by what they stand for, for checks that the control plane itself runs. */
  resolve?(environment: string, value: unknown): Promise<unknown>;
  /** Keeps samples of checks that the control plane runs, or is told of. */
  record?(samples: readonly CheckSample[]): Promise<void>;
  /** Keeps long output of those checks as lines of an environment's log. */
  writeLines?(environment: string, lines: readonly CheckLine[]): Promise<void>;
  /** What was applied last, of all environments. */
  graphs?(): Promise<readonly { environment: string; resources: readonly Resource[] }[]>;
  /** Whom a receiver would ask or tell at a moment, for replays. */
  whom?: BacktestOptions["whom"];
  /** Maintenance that is known, open or not. */
  maintenance?(): Promise<readonly KnownMaintenance[]>;
  /** Who was asked about which alerts since then. */
  pagesSince?(at: number): Promise<PastPage[]>;
  /** What the tokens of heartbeats are made of. Without it there are none. */
  heartbeatKey?: string;
  log?(message: string): void;
}

/** `host` is a resource address. What comes in is durable, or taken up again by itself, afterwards. */
export interface Alerting {
  /** Types `check`, `alert` and `route`. */
  executor: ResourceExecutor;
  /** Type `rules`. */
  rulesExecutor: ResourceExecutor;
  /** Every report of a connected host. */
  observe(host: Address, report: HostReport): void;
  /** Results of checks that the host's agent runs, which tell something new. */
  checkResults(host: Address, results: readonly CheckResult[]): void;
  /** A result that somebody tells of a passive check. Durable when it resolves. */
  reportCheck: ToldChecks["report"];
  /** The passive check that NSCA's clients know under these names. */
  findNagiosCheck: ToldChecks["findNagios"];
  /** Resolves when it is taken in for good; throws where that is not possible now: tell again. The same event counts once. */
  agentEvent(host: Address, event: AgentEvent): Promise<void>;
  hostLost(host: Address, reason: string): void;
  hostConnected(host: Address): void;
  /** The host was removed: nothing about it is wrong any more. */
  hostRemoved(host: Address): void;
  /** Evaluates every rule once. Does not throw for a rule that cannot be evaluated: its alerts stay as they are. */
  evaluate(signal?: AbortSignal): Promise<void>;
  /** Evaluates every five seconds, runs its own checks, and tells groups as their times come, until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Firing first, then the newest. */
  list(filter?: AlertFilter): Alert[];
  /** As people see them, those of others among them, with the groups in which they are told. */
  views(environment?: string): AlertView[];
  /** Calls `listener` when an alert has changed its state. Returns how to stop. */
  onChange(listener: (alert: Alert) => void): () => void;
  /** Resolves when all that came in so far has been taken in. */
  settled(): Promise<void>;
  /** Looks now for rules that match nothing; it does so by itself every half minute. */
  lookForUnmatched(signal: AbortSignal): Promise<void>;
  /** How rules go, as series. */
  ruleSamples(): ReturnType<typeof ruleSamples>;
  /** Who is told of which alerts, and what is silenced. */
  routing: Routing;
  /** What Havn itself does: the alerts that it raises are held until it is over. */
  expected: Expectations;
  /** The maintenance in which something with these labels lies now. */
  maintenanceOf(labels: Labels): Hold | undefined;
  /** Maintenance, or what is declared, has changed. */
  heldChanged(): Promise<void>;
  /** Why each alert is shown and nobody told of it; empty where it is told. */
  withHolds(alerts: readonly Alert[]): (Alert & { held: Hold[] })[];
  /** Serves the live topics `checks:ENVIRONMENT` and `silences`. */
  serveLive(live: Live): void;
  routes: Route[];
}

import type { HostReport } from "@havn/fleet/protocol";
import type { CheckResult, CheckState, Resource } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { createPromqlEngine, type Expr } from "@havn/promql";
import { memoryQuerier } from "@havn/promql/testing";
import { virtualClock } from "@havn/testkit";
import { createTimeline, type Timeline } from "@havn/timeline";
import { type AlertingOptions, createAlerting } from "./index.ts";

/** The room on a real database, with metrics in memory. `open` again is a restart. */
export async function openRoom(sql: Sql, overrides: Partial<AlertingOptions> = {}) {
  const clock = virtualClock();
  const timeline = await createTimeline({ sql, clock });
  const metrics = memoryQuerier();
  const engine = createPromqlEngine({ querier: metrics });
  const told: { host: string; value: unknown }[] = [];
  const logged: string[] = [];
  const options: AlertingOptions = {
    sql,
    clock,
    timeline,
    query: (expr: Expr, atMs, signal) => engine.instant(expr, atMs, { signal }),
    desired: { put: async (host, _section, value) => void told.push({ host, value }) },
    recording: {
      queryRange: (expr, window, signal) => engine.range(expr, window, { signal }),
      series: {
        write: async (environment, samples) => {
          for (const { labels, time, value } of samples)
            if (typeof value === "number" || value === "stale")
              metrics.addSeries({
                labels: { ...labels, env: environment },
                timestamps: Float64Array.of(time),
                values: value === "stale" ? staleValue() : Float64Array.of(value),
              });
        },
        flush: async () => {},
      },
      externalUrl: "http://havn.example",
    },
    deliver: async () => {},
    log: (message) => void logged.push(message),
    ...overrides,
  };
  return {
    clock,
    timeline,
    metrics,
    recording: options.recording,
    told,
    logged,
    open: (more: Partial<AlertingOptions> = {}) => createAlerting({ ...options, ...more }),
    events: () => eventsOf(timeline),
  };
}

/** Written as bits: as a number, the marker could lose what tells it from other NaNs. */
const staleValue = () => new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer);

async function eventsOf(timeline: Timeline): Promise<string[]> {
  const events = await timeline.list({ kind: "alert", after: 0, limit: 1000 });
  return events.map(({ kind, summary }) => `${kind}: ${summary}`);
}

export const steps = { step: <T>(_name: string, work: () => Promise<T>): Promise<T> => work() };
export const context = { applyId: "a1", actor: "user:ada", tell: () => {} };

export function resource(address: string, properties: Record<string, unknown>): Resource {
  const [, type = "", name = ""] = address.split("/");
  return { address, type, name, properties, dependsOn: [] };
}

/** A result as an agent tells it; hard unless said otherwise. */
export const checked = (
  address: string,
  state: CheckState,
  output: string,
  more: Partial<CheckResult> = {},
): CheckResult => ({
  ...{ address, state, output, at: 1, durationMs: 2, hard: true, attempt: 1, hardState: state },
  ...{ since: 1, hardSince: 1, flapping: false, flapPercent: 0, troubles: 0, ...more },
});

export const report = (at: number, parts: Partial<HostReport> = {}): HostReport => ({
  at,
  revision: 1,
  instances: [],
  balancers: [],
  drift: [],
  fights: [],
  ...parts,
});

export { createRouting, type Routing } from "./routing/index.ts";
export type { DeclaredRoute, RoutingStore } from "./routing/store.ts";

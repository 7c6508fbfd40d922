import type { ResourceReport } from "@havn/fleet/protocol";

/** One value under the field's own names; labels of the host are added on the way. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

type Source = "apply" | "enforce";
type Trigger = "interval" | "watch" | "change";

const buckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300];
const states = ["changed", "failed", "skipped", "unchanged"] as const;

/** What runs and looks there were since the agent started, as Prometheus counts. */
export function createCounts() {
  const counters = new Map<string, Sample>();
  const add = (name: string, labels: Record<string, string>, value = 1) => {
    const key = `${name} ${JSON.stringify(labels)}`;
    const known = counters.get(key) ?? { name, labels, value: 0 };
    counters.set(key, { ...known, value: known.value + value });
  };
  // Counters that begin at nothing can be told from those that are not there.
  for (const source of ["apply", "enforce"] as const) {
    for (const result of ["succeeded", "failed"]) add("havn_resource_runs_total", { source, result }, 0);
    for (const state of states) add("havn_resource_reports_total", { source, state }, 0);
  }
  for (const trigger of ["interval", "watch", "change"]) add("havn_drift_checks_total", { trigger }, 0);

  return {
    /** A bundle that was applied: by the control plane, or to mend drift. */
    run(source: Source, reports: readonly ResourceReport[], durationMs: number): void {
      const failed = reports.some(({ state }) => state === "failed" || state === "skipped");
      add("havn_resource_runs_total", { source, result: failed ? "failed" : "succeeded" });
      for (const { state } of reports) add("havn_resource_reports_total", { source, state });
      const seconds = durationMs / 1000;
      for (const limit of buckets)
        add(
          "havn_resource_run_duration_seconds_bucket",
          { source, le: String(limit) },
          seconds <= limit ? 1 : 0,
        );
      add("havn_resource_run_duration_seconds_bucket", { source, le: "+Inf" });
      add("havn_resource_run_duration_seconds_sum", { source }, seconds);
      add("havn_resource_run_duration_seconds_count", { source });
    },
    look(trigger: Trigger, resources: number, durationMs: number): void {
      add("havn_drift_checks_total", { trigger });
      add("havn_drift_checked_resources_total", { trigger }, resources);
      add("havn_drift_check_duration_seconds_total", { trigger }, durationMs / 1000);
    },
    samples: (): Sample[] => [...counters.values()],
  };
}
export type { Trigger };
export type Counts = ReturnType<typeof createCounts>;

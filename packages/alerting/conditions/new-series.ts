import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

/** A target whose new series were refused, for they were too many. */
export interface RefusedSeries {
  environment: string;
  job: string;
  instance: string;
  refused: number;
  /** Milliseconds since the epoch. */
  lastAt: number;
}

export const newSeriesScope = "new series";

/** So long after the last one it is over. */
const quietMs = 300_000;

export function tooManyNewSeries(targets: readonly RefusedSeries[], now: number): Condition[] {
  return targets
    .filter(({ lastAt }) => now - lastAt < quietMs)
    .map(({ environment, job, instance, refused }) => ({
      fingerprint: fingerprint("too many new series", { environment, job, instance }),
      rule: "too many new series",
      environment: environment || "havn",
      severity: "warning" as const,
      summary: `${nameOf(job, instance)} brings too many new series: ${refused} were not taken. Which label has a new value all the time?`,
      labels: { ...(job && { job }), ...(instance && { instance }) },
      value: refused,
      forMs: 0,
    }));
}

function nameOf(job: string, instance: string): string {
  if (job === "" && instance === "") return "A sender without job and instance";
  return [job && `Job ${job}`, instance && `instance ${instance}`].filter(Boolean).join(", ");
}

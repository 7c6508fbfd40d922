import { defineRoute, type Route } from "@havn/http";
import { HavnError, type Labels } from "@havn/model";
import type { RelabelStep } from "@havn/prometheus";
import { z } from "zod";
import type { JobTargets } from "./scraping.ts";

const labels = z.record(z.string(), z.string());
const target = z.object({
  environment: z.string(),
  /** Of the resource that declares the job. */
  address: z.string(),
  job: z.string(),
  url: z.string(),
  labels,
  health: z.enum(["unknown", "up", "down"]),
  lastError: z.string(),
  lastScrape: z.number().nullable().describe("milliseconds since the epoch"),
  durationMs: z.number(),
  samples: z.number(),
  intervalMs: z.number(),
});
const step = z.object({
  rule: z.record(z.string(), z.unknown()),
  before: labels,
  after: labels.nullable().describe("null: dropped here"),
  note: z.string(),
});

export interface TargetRoutesOptions {
  targets(): JobTargets[];
  steps(address: string, discovered: Labels): RelabelStep[];
}

/** What the control plane scrapes, and what relabelling makes of each target. */
export function targetRoutes({ targets, steps }: TargetRoutesOptions): Route[] {
  const inEnvironment = (environment: string | undefined) =>
    targets().filter((job) => environment === undefined || job.environment === environment);
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/targets",
      summary: "What the control plane scrapes: health, last scrape, what was dropped",
      access: { action: "target:read", resource: ({ query }) => query.environment ?? "" },
      query: z.strictObject({ environment: z.string().optional() }),
      response: z.object({
        targets: z.array(target),
        jobs: z.array(
          z.object({
            environment: z.string(),
            address: z.string(),
            job: z.string(),
            active: z.number(),
            dropped: z.number(),
            faults: z.array(z.string()),
          }),
        ),
      }),
      handle: ({ query }) => {
        const jobs = inEnvironment(query.environment);
        return {
          targets: jobs.flatMap(targetsOf),
          jobs: jobs.map(({ environment, address, job, active, droppedCount, faults }) => ({
            ...{ environment, address, job, active: active.length, dropped: droppedCount, faults },
          })),
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/targets/relabel",
      summary: "What relabelling does to a target, rule by rule",
      access: { action: "target:read", resource: ({ query }) => query.environment ?? "" },
      query: z.strictObject({
        environment: z.string().optional(),
        target: z.string().min(1).describe("its address, instance or URL, or the name of its job"),
      }),
      response: z.object({
        previews: z.array(
          z.object({
            environment: z.string(),
            job: z.string(),
            discovered: labels,
            steps: z.array(step),
            outcome: z.enum(["scraped", "dropped"]),
            why: z.string(),
            labels: labels.nullable(),
          }),
        ),
      }),
      handle: ({ query }) => {
        const previews = inEnvironment(query.environment).flatMap((job) =>
          previewsOf(job, query.target, steps),
        );
        if (previews.length > 0) return { previews: previews.slice(0, mostPreviews) };
        throw new HavnError(`No target "${query.target}"`, {
          status: 404,
          detail: "Name one by its address, instance, URL or job. havn targets lists them.",
        });
      },
    }),
  ];
}

const mostPreviews = 20;

const targetsOf = ({ environment, address, job, active }: JobTargets): z.input<typeof target>[] =>
  active.map(({ url, labels: own, state, interval }) => ({
    ...{ environment, address, job, url, labels: { ...own }, intervalMs: interval },
    ...{
      health: state.health,
      lastError: state.lastError,
      durationMs: state.durationMs,
      samples: state.samples,
    },
    lastScrape: state.lastScrape === 0 ? null : state.lastScrape,
  }));

function previewsOf(
  { environment, job, address, active, dropped }: JobTargets,
  wanted: string,
  steps: TargetRoutesOptions["steps"],
) {
  const means = (discovered: Labels, more: readonly (string | undefined)[]) =>
    [job, discovered.__address__, ...more].includes(wanted);
  const shown = (discovered: Labels) =>
    steps(address, discovered).map(({ rule, before, after, note }) => ({
      ...{ rule: { ...rule }, before: { ...before }, after: after ? { ...after } : null, note },
    }));
  return [
    ...active
      .filter(({ discovered, labels: own, url }) => means(discovered, [own.instance, url]))
      .map(({ discovered, labels: own }) => ({
        ...{ environment, job, discovered: { ...discovered }, steps: shown(discovered) },
        ...{ outcome: "scraped" as const, why: "", labels: { ...own } },
      })),
    ...dropped
      .filter(({ discovered }) => means(discovered, [discovered.instance]))
      .map(({ discovered, why }) => ({
        ...{ environment, job, discovered: { ...discovered }, steps: shown(discovered) },
        ...{ outcome: "dropped" as const, why, labels: null },
      })),
  ];
}

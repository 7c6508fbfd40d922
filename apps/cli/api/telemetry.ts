import { ruleGroupSchema } from "@havn/model";
import { z } from "zod";

const labels = z.record(z.string(), z.string());

export const targetsAnswer = z.object({
  targets: z.array(
    z.object({
      environment: z.string(),
      job: z.string(),
      url: z.string(),
      labels,
      health: z.enum(["unknown", "up", "down"]),
      lastError: z.string(),
      lastScrape: z.number().nullable(),
      durationMs: z.number(),
      samples: z.number(),
      intervalMs: z.number(),
    }),
  ),
  jobs: z.array(
    z.object({
      environment: z.string(),
      job: z.string(),
      active: z.number(),
      dropped: z.number(),
      faults: z.array(z.string()),
    }),
  ),
});
export type TargetsAnswer = z.infer<typeof targetsAnswer>;

export const relabelAnswer = z.object({
  previews: z.array(
    z.object({
      environment: z.string(),
      job: z.string(),
      discovered: labels,
      steps: z.array(
        z.object({
          rule: z.record(z.string(), z.unknown()),
          before: labels,
          after: labels.nullable(),
          note: z.string(),
        }),
      ),
      outcome: z.enum(["scraped", "dropped"]),
      why: z.string(),
      labels: labels.nullable(),
    }),
  ),
});
export type RelabelAnswer = z.infer<typeof relabelAnswer>;

export const rulesAnswer = z.object({ groups: z.array(ruleGroupSchema) });
export type RulesAnswer = z.infer<typeof rulesAnswer>;

export const backfillAnswer = z.object({ groups: z.number(), rules: z.number(), samples: z.number() });

const counted = z.array(z.object({ value: z.string(), series: z.number() }));

export const cardinalityAnswer = z.object({
  series: z.number(),
  names: counted,
  labels: z.array(z.object({ value: z.string(), values: z.number(), series: z.number() })),
  targets: z.array(
    z.object({ environment: z.string(), job: z.string(), instance: z.string(), series: z.number() }),
  ),
  releases: z.array(
    z.object({ environment: z.string(), service: z.string(), release: z.string(), series: z.number() }),
  ),
});
export type CardinalityAnswer = z.infer<typeof cardinalityAnswer>;

const keeps = { keep: z.string(), fiveMinutes: z.string(), hours: z.string() };
export const retentionAnswer = z.object({
  otherwise: z.object(keeps),
  rules: z.array(z.object({ address: z.string(), match: z.string(), ...keeps, series: z.number() })),
  stored: z.array(
    z.object({ what: z.string(), rows: z.number(), bytes: z.number(), from: z.number().nullable() }),
  ),
  rolledUntil: z.number().nullable(),
});
export type RetentionAnswer = z.infer<typeof retentionAnswer>;

export const unusedAnswer = z.object({
  since: z.number(),
  metrics: z.number(),
  series: z.number(),
  unused: z.array(z.object({ name: z.string(), series: z.number(), lastAskedAt: z.number().nullable() })),
  more: z.number(),
});
export type UnusedAnswer = z.infer<typeof unusedAnswer>;

export const deletedAnswer = z.object({
  series: z.number(),
  samples: z.number(),
  histograms: z.number(),
  names: counted,
});
export type DeletedAnswer = z.infer<typeof deletedAnswer>;

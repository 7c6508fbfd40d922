import { z } from "zod";

const labels = z.record(z.string(), z.string());
const points = z.array(z.number().nullable());

/** What a rule would have done in the past, and whom it would have reached. All times in milliseconds since the epoch. */
export const backtestSchema = z.object({
  environment: z.string(),
  rule: z.string(),
  expr: z.string(),
  intervalMs: z.number(),
  forMs: z.number(),
  from: z.number(),
  until: z.number(),
  evaluations: z.number(),
  episodes: z.array(
    z.object({
      fingerprint: z.string(),
      labels,
      severity: z.enum(["info", "warning", "critical"]),
      summary: z.string(),
      annotations: labels.optional(),
      value: z.number().optional(),
      activeSince: z.number(),
      firingSince: z.number(),
      resolvedAt: z.number().optional().describe("left out: it fires still at the end"),
    }),
  ),
  onlyPending: z.number().describe("alerts that were pending and did not fire"),
  most: z.number().describe("most that fired at once"),
  spans: z.array(z.object({ state: z.enum(["pending", "firing"]), from: z.number(), to: z.number() })),
  told: z.array(
    z.object({
      at: z.number(),
      receiver: z.string(),
      reason: z.string(),
      firing: z.number(),
      resolved: z.number(),
      asked: z.object({
        channels: z.array(z.string()),
        people: z.array(z.object({ person: z.string(), because: z.string() })),
      }),
    }),
  ),
  heldBack: z.array(
    z.object({
      fingerprint: z.string(),
      at: z.number(),
      silencedBy: z.array(z.string()),
      inhibitedBy: z.array(z.string()),
    }),
  ),
  drawnAt: z.array(z.number()),
  drawn: z.array(z.object({ labels, values: points, lower: points, upper: points })),
  failures: z.array(z.object({ from: z.number(), to: z.number(), message: z.string() })),
  warnings: z.array(z.string()),
  assumed: z.array(z.string()).describe("what was taken as it is now"),
});
export type BacktestAnswer = z.infer<typeof backtestSchema>;

/** A line of the answer of POST /api/v1/rules/test. */
export const backtestLine = z.union([
  z.object({ progress: z.number() }),
  z.object({ result: backtestSchema }),
  z.object({ error: z.object({ message: z.string(), detail: z.string().optional(), status: z.number() }) }),
]);

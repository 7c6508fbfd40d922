import { z } from "zod";
import { addressSchema } from "./address.ts";
import { durationText, timerText } from "./duration.ts";

/** How many hosts at a time: a number of them, or a part of those that change, such as "25%". */
export const batchSizeSchema = z.union([
  z.number().int().positive(),
  z.string().regex(/^(100|[1-9]?\d(\.\d+)?)%$/, 'expected a number of hosts or a percentage such as "25%"'),
]);
export type BatchSize = z.infer<typeof batchSizeSchema>;

/** What must be so before the next batch begins; all that is named. */
export const gateSchema = z
  .strictObject({
    expr: z.string().optional().describe("PromQL: it gives at least one sample and none of them is 0"),
    check: addressSchema.optional().describe("this check finds nothing wrong"),
    noAlerts: z.literal(true).optional().describe("no alert about the batch's hosts fires"),
    holds: durationText.default("0s").describe("for how long it must be so without a break"),
    timeout: timerText.default("5m").describe("after it the rollout stops"),
  })
  .refine(({ expr, check, noAlerts }) => expr !== undefined || check !== undefined || noAlerts, {
    message: "expected what must be so: expr, check or noAlerts",
  });
export type Gate = z.infer<typeof gateSchema>;

/** Hosts that are changed in batches, one batch after the other. */
export const rolloutSchema = z.strictObject({
  hosts: z.array(z.string()).optional().describe("names; absent: all that no other rollout names"),
  serial: z
    .array(batchSizeSchema)
    .min(1)
    .describe("sizes of the batches in turn, the last one for all that follow"),
  maxFailures: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe("hosts that may fail; one more stops the rest"),
  maxFailurePercentage: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("the same as a part of its hosts that change"),
  gate: gateSchema.optional(),
});
export type Rollout = z.infer<typeof rolloutSchema>;

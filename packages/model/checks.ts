import { z } from "zod";
import { timerText } from "./duration.ts";
import { probeSchema } from "./probes.ts";

/** As Nagios' plugins end: 0, 1, 2, 3. */
export const checkStates = ["ok", "warning", "critical", "unknown"] as const;
export const checkStateSchema = z.enum(checkStates);
export type CheckState = (typeof checkStates)[number];

/** When a check's state is believed, and when it flaps. The words are Nagios'. */
export const checkRules = {
  attempts: z.number().int().min(1).max(100).default(2).describe("so many times before it is believed"),
  retryInterval: timerText.default("1s").describe("between those"),
  flapping: z
    .union([
      z.literal(false),
      z.strictObject({ low: z.number().min(0).max(100), high: z.number().min(0).max(100) }),
    ])
    .default({ low: 20, high: 30 })
    .describe("per cent of change over the last 21 results"),
  volatile: z.boolean().default(false).describe("each result that is not OK is a new trouble"),
};

/** What an agent is told of a check. */
export const checkSpec = z.strictObject({
  name: z.string(),
  address: z.string(),
  interval: timerText,
  timeout: timerText,
  probe: probeSchema,
  ...checkRules,
  labels: z.record(z.string(), z.string()).default({}),
  /** Values that it was given in confidence, wherever they stand in it: never told. */
  secrets: z.array(z.string()).default([]),
});
export type CheckSpec = z.infer<typeof checkSpec>;

/** What is remembered of a check from one result to the next. Times in milliseconds since the epoch. */
export const checkMemory = z.object({
  state: checkStateSchema,
  /** Hard: believed. Soft: tried again before it is. */
  hard: z.boolean(),
  attempt: z.number().int(),
  hardState: checkStateSchema.describe("the last one that was believed"),
  since: z.number().describe("of `state`"),
  hardSince: z.number(),
  history: z.array(checkStateSchema).describe("the last 21 results, oldest first"),
  flapping: z.boolean(),
  flapPercent: z.number(),
  /** Of a volatile check: how many troubles there were. */
  troubles: z.number().int(),
});
export type CheckMemory = z.infer<typeof checkMemory>;

/** The last result of a check, as it is told and shown. */
export const checkResult = checkMemory.omit({ history: true }).extend({
  address: z.string(),
  output: z.string().describe("first line"),
  long: z.string().optional().describe("the further lines"),
  at: z.number(),
  durationMs: z.number(),
  nextAt: z.number().optional(),
});
export type CheckResult = z.infer<typeof checkResult>;

/** A check as people see it. */
export const checkView = z.object({
  address: z.string(),
  name: z.string(),
  environment: z.string(),
  kind: z.string(),
  from: z.string().optional().describe("host that asks; the control plane where absent"),
  interval: z.string(),
  result: checkResult.optional(),
  attempts: z.number().int().optional().describe("so many times before a state is believed"),
  parents: z.array(z.string()).default([]).describe("names of the checks that the way there leads through"),
  unreachable: z.array(z.string()).describe("checks that it lies behind and that fail"),
});
export type CheckView = z.infer<typeof checkView>;

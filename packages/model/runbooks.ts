import { z } from "zod";
import { durationText } from "./duration.ts";
import { isCron } from "./maintenance.ts";
import { isZone } from "./routing.ts";

/** The kinds of steps that a runbook is made of. */
export const stepKind = z.enum([
  "run",
  "query",
  "ask",
  "wait",
  "approve",
  "restart",
  "rollback",
  "scale",
  "note",
]);
export type StepKind = z.infer<typeof stepKind>;

/** Code of a runbook travels with the plan: it is a function, not a program with its libraries. */
const mostCode = 256 * 1024;

/** Type `runbook`: a function of steps, and when it starts. */
export const runbookProperties = z.strictObject({
  description: z.string().max(1000).optional(),
  steps: z.strictObject({
    module: z.string().describe("file that exports it, relative to the configuration"),
    export: z.string(),
    code: z
      .string()
      .max(mostCode, `expected at most ${mostCode / 1024} KiB: a runbook imports no large libraries`)
      .optional()
      .describe("the module as one file of JavaScript; the command line fills it in"),
  }),
  with: z.record(z.string(), z.json()).default({}).describe("what the function gets beside its steps"),
  on: z
    .array(
      z.strictObject({
        match: z
          .array(z.string())
          .min(1)
          .describe("matchers as Alertmanager writes them, over an alert's labels"),
        state: z.enum(["pending", "firing", "resolved"]).default("firing"),
      }),
    )
    .default([])
    .describe("alerts that start it"),
  at: z
    .strictObject({
      schedule: z.string().refine(isCron, 'expected minute hour day month weekday, such as "0 3 * * *"'),
      zone: z.string().refine(isZone, "expected an IANA time zone such as Europe/Oslo").default("UTC"),
    })
    .optional()
    .describe("when it starts by itself"),
  guards: z
    .strictObject({
      runs: z.number().int().min(1).default(3).describe("started by itself so often at most"),
      per: durationText.default("1h").describe("within this time"),
      hosts: z.number().int().min(1).default(10).describe("most hosts that one run may touch"),
      duringMaintenance: z
        .boolean()
        .default(false)
        .describe("starts although its alert's host is in maintenance"),
    })
    .prefault({}),
});
export type RunbookProperties = z.infer<typeof runbookProperties>;

/** `waiting`: for a person. `refused`: somebody said no. `held`: a guard kept it from starting. */
export const runbookRunState = z.enum([
  "running",
  "waiting",
  "succeeded",
  "failed",
  "refused",
  "stopped",
  "held",
]);
export type RunbookRunState = z.infer<typeof runbookRunState>;

export const runbookStepSchema = z.object({
  name: z.string().describe("unique within the run"),
  kind: stepKind,
  detail: z.string().describe("what it does, in words"),
  state: z.enum(["running", "waiting", "succeeded", "failed"]),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  outcome: z.string().nullable().describe("what came of it, in words"),
  question: z
    .object({
      ...{ text: z.string(), choices: z.array(z.string()), until: z.number() },
      people: z.array(z.string()).nullable().describe("the only ones who may answer; null: whoever may"),
    })
    .nullable()
    .describe("what a person is asked while it waits"),
});
export type RunbookStep = z.infer<typeof runbookStepSchema>;

export const runbookRunSchema = z.object({
  id: z.string(),
  environment: z.string(),
  runbook: z.string(),
  state: runbookRunState,
  dryRun: z.boolean().describe("nothing is done: each step tells what it would do"),
  startedBy: z.string().describe("user:ada, alert:<name> or schedule"),
  incident: z.number().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  error: z.string().nullable(),
});
export type RunbookRun = z.infer<typeof runbookRunSchema>;

export const runbookSchema = z.object({
  environment: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  on: z.array(z.object({ match: z.array(z.string()), state: z.string() })),
  at: z.object({ schedule: z.string(), zone: z.string() }).nullable(),
  with: z.record(z.string(), z.json()).describe("what its function gets unless a start says otherwise"),
  guards: z.object({ runs: z.number(), per: z.string(), hosts: z.number(), duringMaintenance: z.boolean() }),
  lastRun: runbookRunSchema.nullable(),
});
export type Runbook = z.infer<typeof runbookSchema>;

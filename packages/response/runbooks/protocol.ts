import type { stepKind } from "@havn/model";
import { z } from "zod";

/** What the process of a runbook's code and the control plane say to each other, one JSON message at a time. */

/** Hosts as an expression of `chooseHosts`. */
const hosts = z.string().min(1).max(10_000);
const timeout = z.string().max(50).optional();
/** People as an escalation names them. */
const asked = z.array(z.object({ kind: z.enum(["person", "schedule", "team"]), name: z.string() }));

export const stepRequest = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("run"),
    command: z.array(z.string().max(100_000)).min(1),
    shell: z.boolean(),
    on: hosts,
    user: z.string().optional(),
    timeout,
    mayFail: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("query"), expr: z.string().max(100_000) }),
  z.strictObject({
    kind: z.literal("ask"),
    question: z.string().min(1).max(2000),
    choices: z.array(z.string()).max(20),
    of: asked,
    timeout,
  }),
  z.strictObject({ kind: z.literal("approve"), question: z.string().min(1).max(2000), of: asked, timeout }),
  z.strictObject({ kind: z.literal("wait"), duration: z.string().max(50) }),
  z.strictObject({ kind: z.literal("restart"), service: z.string(), on: hosts.optional() }),
  z.strictObject({ kind: z.literal("restart-unit"), unit: z.string().regex(/^[\w@.:\\-]+$/), on: hosts }),
  z.strictObject({ kind: z.literal("rollback"), service: z.string() }),
  z.strictObject({
    kind: z.literal("scale"),
    service: z.string(),
    to: z.number().int().min(1).max(1000),
    among: z.array(z.string()).min(1).max(1000),
  }),
  z.strictObject({ kind: z.literal("note"), text: z.string().min(1).max(2000) }),
]);
export type StepRequest = z.infer<typeof stepRequest>;

export const kindOf = ({ kind }: StepRequest): z.infer<typeof stepKind> =>
  kind === "restart-unit" ? "restart" : kind;

/** From the code. */
export const fromCode = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("step"),
    id: z.number().int(),
    name: z.string().max(300),
    request: z.unknown(),
  }),
  z.object({ type: z.literal("ended") }),
  z.object({ type: z.literal("failed"), error: z.string() }),
]);
export type FromCode = z.infer<typeof fromCode>;

/** To the code. */
export type ToCode =
  | { type: "begin"; code: string; seed: string; at: number; trigger: unknown }
  | { type: "result"; id: number; at: number; value?: unknown; error?: string; refused?: boolean };

import { z } from "zod";

/** How a host fared in a run. `lost`: its connection fell in the middle, and how it ended there is not known. */
export const hostRunState = z.enum(["waiting", "running", "ok", "failed", "away", "lost", "stopped"]);
export type HostRunState = z.infer<typeof hostRunState>;

export const hostRunSchema = z.object({
  host: z.string().describe("address of the host: env/host/name"),
  state: hostRunState,
  code: z.number().int().optional().describe("exit code of the command"),
  signal: z.string().optional().describe("what killed it"),
  error: z.string().optional().describe("why it failed where no exit code says it"),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  stdout: z.string().optional().describe("beginning and end of it, secrets masked"),
  stderr: z.string().optional(),
  bytes: z.number().int().optional().describe("everything that it wrote, or that was copied"),
});
export type HostRun = z.infer<typeof hostRunSchema>;

/** What is done on each host. */
export const runTaskSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("command"),
    command: z.array(z.string()).min(1),
    shell: z.boolean().describe("the words, joined by blanks, are a script for /bin/sh"),
    user: z.string().optional(),
    directory: z.string().optional(),
    timeoutMs: z.number().int().positive().optional(),
    once: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .optional()
      .describe("a key: where a command was begun under it before, its result is given and nothing begins"),
  }),
  z.strictObject({
    kind: z.literal("copy-to"),
    destination: z.string(),
    owner: z.string().optional(),
    group: z.string().optional(),
    mode: z
      .string()
      .regex(/^[0-7]{3,4}$/, 'expected octal digits such as "0644"')
      .optional(),
  }),
  z.strictObject({ kind: z.literal("copy-from"), source: z.string() }),
]);
export type RunTask = z.infer<typeof runTaskSchema>;

export const runSchema = z.object({
  id: z.string(),
  task: runTaskSchema,
  hosts: z.string().describe("as they were chosen"),
  environment: z.string().optional(),
  concurrency: z.number().int(),
  actor: z.string(),
  again: z.string().optional().describe("the run that it repeats"),
  state: z
    .enum(["ready", "running", "succeeded", "failed", "stopped", "interrupted"])
    .describe("interrupted: the control plane ended in the middle"),
  createdAt: z.number(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  inputBytes: z.number().int().optional().describe("standard input, or what is copied"),
  results: z.array(hostRunSchema),
});
export type Run = z.infer<typeof runSchema>;

/** One line of a run's answer while it goes on. */
export const runEventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("started"), host: z.string() }),
  z.object({
    kind: z.literal("output"),
    host: z.string(),
    stream: z.enum(["stdout", "stderr"]),
    text: z.string(),
  }),
  z
    .object({ kind: z.literal("content"), host: z.string(), length: z.number().int().min(0) })
    .describe("of a copy-from: after the line's end come so many bytes of the stream, as they are"),
  z.object({ kind: z.literal("progress"), host: z.string(), bytes: z.number() }),
  z.object({ kind: z.literal("ended"), result: hostRunSchema }),
  z.object({ kind: z.literal("alive") }).describe("nothing happened for a while"),
  z.object({ kind: z.literal("finished"), run: runSchema }),
]);
export type RunEvent = z.infer<typeof runEventSchema>;

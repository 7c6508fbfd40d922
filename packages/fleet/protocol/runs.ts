import { z } from "zod";

/** A command that runs once on a host. It is no desired state: nobody starts it again. */
export const commandSpec = z.strictObject({
  run: z.string(),
  command: z.array(z.string()).min(1),
  shell: z.boolean(),
  user: z.string().optional(),
  directory: z.string().optional(),
  timeoutMs: z.number().int().positive(),
  input: z.boolean().describe("its standard input is the run's, asked for by run.input"),
});
export type CommandSpec = z.infer<typeof commandSpec>;

export const commandResult = z.object({
  code: z.number().int().optional(),
  signal: z.string().optional(),
  error: z.string().optional().describe("why it did not run, or did not run to its end"),
  stopped: z.boolean().describe("because it was cancelled"),
});
export type CommandResult = z.infer<typeof commandResult>;

/** Files that come as run.input, in the form of @havn/fleet/copy. */
export const copyToSpec = z.strictObject({
  run: z.string(),
  destination: z.string(),
  owner: z.string().optional(),
  group: z.string().optional(),
  mode: z.string().optional(),
});
export type CopyToSpec = z.infer<typeof copyToSpec>;

/** Files that go out as run.output of the stream "content", in the form of @havn/fleet/copy. */
export const copyFromSpec = z.strictObject({ run: z.string(), source: z.string() });

export const copyResult = z.object({
  files: z.number().int(),
  bytes: z.number().int(),
  unchanged: z.number().int().describe("files that were there already, byte for byte"),
});
export type CopyResult = z.infer<typeof copyResult>;

export const runStream = z.enum(["stdout", "stderr", "content"]);
export type RunStream = z.infer<typeof runStream>;

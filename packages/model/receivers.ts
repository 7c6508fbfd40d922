import { z } from "zod";

/** Receivers as people see, preview and try them. */

const channelView = z.object({
  kind: z.string(),
  to: z.string().describe("whom or what it reaches, as far as that is no secret"),
});
export type ChannelView = z.infer<typeof channelView>;

const receiverAttempt = z.object({
  channel: z.string(),
  to: z.string(),
  person: z.string().optional().describe("whose way it is; absent for a channel of the receiver itself"),
  at: z.number(),
  took: z.number().describe("milliseconds"),
  accepted: z.boolean(),
  detail: z.string().describe("what the provider said, or why it was not reached"),
});
export type ReceiverAttempt = z.infer<typeof receiverAttempt>;

export const receiverTestSchema = z.object({
  id: z.string(),
  at: z.number(),
  by: z.string(),
  subject: z.string(),
  text: z.string(),
  attempts: z.array(receiverAttempt),
});
export type ReceiverTest = z.infer<typeof receiverTestSchema>;

const words = z.object({ subject: z.string().max(1000).optional(), text: z.string().max(20_000).optional() });

export const receiverViewSchema = z.object({
  environment: z.string(),
  name: z.string(),
  channels: z.array(channelView),
  escalation: z.string().optional(),
  people: z
    .array(z.object({ person: z.string(), because: z.string(), ways: z.array(channelView) }))
    .describe("whom its escalation would ask first now"),
  template: words.optional(),
  sendResolved: z.boolean(),
  tests: z.array(receiverTestSchema).describe("newest first"),
});
export type ReceiverView = z.infer<typeof receiverViewSchema>;

export const receiverPreviewSchema = z.object({
  source: z
    .enum(["group", "alert", "example"])
    .describe("a group that a route tells it of, an alert that no route tells it of, or one that is made up"),
  alerts: z.array(z.object({ fingerprint: z.string(), summary: z.string(), state: z.string() })),
  subject: z.string(),
  text: z.string(),
  faults: z
    .array(
      z.object({
        field: z.enum(["subject", "text"]),
        line: z.number().int(),
        column: z.number().int(),
        summary: z.string(),
      }),
    )
    .describe("what cannot be read of the template: the usual words are sent instead"),
  empty: z.array(z.string()).describe("labels that the template names and these alerts leave empty"),
});
export type ReceiverPreview = z.infer<typeof receiverPreviewSchema>;

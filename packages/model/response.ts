import { z } from "zod";
import { dnsLabel } from "./address.ts";
import { durationText } from "./duration.ts";
import { secretReference, textReference } from "./references.ts";
import { isZone } from "./routing.ts";

/** Properties of what answers alerts: people, teams, schedules, escalations and receivers. */

const webAddress = z.union([
  z.string().refine((text) => /^https?:/.test(text) && URL.canParse(text), "expected http:// or https://"),
  secretReference,
  textReference,
]);
const secretText = z.union([z.string(), secretReference]);
/** One line of a mail's head: nothing in it may begin another. */
const mailAddress = z
  .string()
  .regex(/^[^\s<>"@]+@[^\s<>"@]+$/, "expected an address such as ada@example.org");

/** A way to tell someone something. Each kind is sent by packages/response/notifiers/<kind>/. */
export const channelSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("email"),
    to: mailAddress,
    from: mailAddress,
    server: z.string().regex(/^smtps?:\/\//, "expected smtp://mail.example.org:587 or smtps://…"),
    user: z.string().optional(),
    password: secretText.optional(),
  }),
  z.strictObject({ kind: z.literal("webhook"), url: webAddress, secret: secretText.optional() }),
  z.strictObject({ kind: z.literal("ntfy"), url: webAddress, token: secretText.optional() }),
  z.strictObject({ kind: z.literal("slack"), url: webAddress }),
  z.strictObject({ kind: z.literal("command"), command: z.array(z.string()).min(1) }),
]);
export type Channel = z.infer<typeof channelSchema>;

/** Type `contact`: a person and how to reach them, best way first. Without any way nobody can be asked. */
export const contactProperties = z.strictObject({
  /** As identities are called (`user:ada`), for answers that come over the API. */
  identity: z.string().optional(),
  ways: z
    .array(
      z.strictObject({
        via: channelSchema,
        /** Also used when the way before it worked, but nobody has answered for so long. */
        after: durationText.optional(),
      }),
    )
    .min(1),
});
export type ContactProperties = z.infer<typeof contactProperties>;

/** Type `team`. */
export const teamProperties = z.strictObject({ members: z.array(dnsLabel).min(1) });
export type TeamProperties = z.infer<typeof teamProperties>;

const wallTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, "expected a wall time such as 2026-11-23T09:00");
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, "expected a time of day such as 09:30");
const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

/** Type `schedule`: who is on call when, in wall time of a zone. */
export const scheduleProperties = z.strictObject({
  zone: z.string().refine(isZone, "expected an IANA time zone such as Europe/Oslo"),
  layers: z.array(
    z.strictObject({
      name: z.string(),
      people: z.array(dnsLabel).min(1),
      start: wallTime,
      until: wallTime.optional(),
      every: z.strictObject({ unit: z.enum(["hour", "day", "week"]), count: z.number().int().positive() }),
      windows: z
        .array(
          z.strictObject({ weekdays: z.array(z.enum(days)).optional(), start: timeOfDay, end: timeOfDay }),
        )
        .optional(),
    }),
  ),
  fallback: dnsLabel.describe("who is on call when nobody else is"),
});
export type ScheduleProperties = z.infer<typeof scheduleProperties>;

/** Type `escalation`: who is asked, level after level and then from the first again, until someone answers. */
export const escalationProperties = z.strictObject({
  levels: z
    .array(
      z.strictObject({
        targets: z
          .array(z.strictObject({ kind: z.enum(["person", "schedule", "team"]), name: dnsLabel }))
          .min(1),
        timeout: durationText.default("5m"),
      }),
    )
    .min(1),
  acknowledgedFor: durationText.default("30m").describe("after that it pages again unless it was resolved"),
});
export type EscalationProperties = z.infer<typeof escalationProperties>;

/** Type `receiver`: what a route tells. An escalation pages people and opens an incident; channels are told only. */
export const receiverProperties = z.strictObject({
  channels: z.array(channelSchema).default([]),
  escalation: dnsLabel.optional(),
  incident: z.boolean().default(false).describe("opens an incident without paging"),
  sendResolved: z.boolean().default(true),
});
export type ReceiverProperties = z.infer<typeof receiverProperties>;

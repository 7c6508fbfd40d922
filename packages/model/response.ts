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

const base64url = z.string().regex(/^[\w-]+$/, "expected base64url");
/** Certificates in PEM that vouch for a server which no public authority does. */
const certificate = z
  .string()
  .regex(/-----BEGIN CERTIFICATE-----/)
  .describe("PEM; those of the system where left out");
const phone = z.string().regex(/^\+\d{6,15}$/, "expected a number such as +4712345678");
const twilio = {
  account: z.string().regex(/^AC\w+$/, "expected an account such as AC0123…"),
  token: secretText,
  from: phone,
  to: phone,
  server: webAddress.default("https://api.twilio.com"),
};

/** A way to tell someone something. Each kind is sent by packages/response/notifiers/<kind>/. */
export const channelSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("email"),
    to: mailAddress,
    from: mailAddress,
    server: z.string().regex(/^smtps?:\/\//, "expected smtp://mail.example.org:587 or smtps://…"),
    user: z.string().optional(),
    password: secretText.optional(),
    requireTls: z.boolean().optional().describe("no mail goes out without TLS, whatever the server offers"),
    ca: certificate.optional(),
  }),
  z.strictObject({ kind: z.literal("webhook"), url: webAddress, secret: secretText.optional() }),
  z.strictObject({ kind: z.literal("ntfy"), url: webAddress, token: secretText.optional() }),
  z.strictObject({ kind: z.literal("slack"), url: webAddress }),
  z.strictObject({ kind: z.literal("teams"), url: webAddress }),
  z.strictObject({ kind: z.literal("mattermost"), url: webAddress, channel: z.string().optional() }),
  z.strictObject({
    kind: z.literal("matrix"),
    homeserver: webAddress,
    room: z.string().regex(/^[!#][^\s:]+(:\S+)?$/, "expected a room such as !abc:example.org"),
    token: secretText,
  }),
  z.strictObject({ kind: z.literal("discord"), url: webAddress }),
  z.strictObject({
    kind: z.literal("telegram"),
    token: secretText,
    chat: z.string().regex(/^(-?\d+|@\w+)$/, "expected a number or @channel"),
    server: webAddress.default("https://api.telegram.org"),
  }),
  z.strictObject({
    kind: z.literal("webpush"),
    endpoint: webAddress,
    p256dh: base64url.describe("the browser's public key"),
    auth: base64url,
    privateKey: secretText.describe("the sender's own (VAPID): 32 bytes in base64url"),
    subject: z.string().regex(/^(mailto:|https:)/, "expected mailto:ops@example.org or https://…"),
  }),
  z.strictObject({
    kind: z.literal("pagerduty"),
    key: secretText,
    server: webAddress.default("https://events.pagerduty.com"),
  }),
  z.strictObject({
    kind: z.literal("opsgenie"),
    key: secretText,
    server: webAddress.default("https://api.opsgenie.com"),
  }),
  z.strictObject({ kind: z.literal("sms"), ...twilio }),
  z.strictObject({ kind: z.literal("voice"), ...twilio }),
  z.strictObject({
    kind: z.literal("syslog"),
    server: z
      .string()
      .regex(/^(udp|tcp|tls):\/\/[^/]+$/, "expected udp://logs.example.org:514, tcp://… or tls://…:6514"),
    facility: z.number().int().min(0).max(23).default(16).describe("16 to 23 are local0 to local7"),
    ca: certificate.optional(),
  }),
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
  template: z
    .strictObject({ subject: z.string().max(1000).optional(), text: z.string().max(20_000).optional() })
    .optional()
    .describe("what channels say: see packages/response/notifiers/template.ts"),
});
export type ReceiverProperties = z.infer<typeof receiverProperties>;

/** Type `statuspage`: what others may know of incidents, as static files. */
export const statusPageProperties = z.strictObject({
  title: z.string().min(1).max(200),
  components: z
    .array(z.strictObject({ name: z.string().min(1).max(200), services: z.array(dnsLabel).min(1) }))
    .min(1),
  visibility: z
    .enum(["public", "private"])
    .default("private")
    .describe("private: only for who may read incidents"),
  mail: z
    .strictObject({
      from: mailAddress,
      server: z.string().regex(/^smtps?:\/\//, "expected smtp://mail.example.org:587 or smtps://…"),
      user: z.string().optional(),
      password: secretText.optional(),
    })
    .optional()
    .describe("how subscribers by e-mail are told"),
});
export type StatusPageProperties = z.infer<typeof statusPageProperties>;

/** What an incident's stakeholders are told that it is at. */
export const incidentStatus = z.enum(["investigating", "identified", "monitoring", "resolved"]);
export const incidentSeverity = z.enum(["info", "warning", "critical"]);

export const incidentSchema = z.object({
  id: z.number(),
  environment: z.string().nullable(),
  title: z.string(),
  severity: incidentSeverity,
  state: z.enum(["open", "acknowledged", "resolved"]),
  status: incidentStatus,
  openedAt: z.number(),
  openedBy: z.string(),
  troubleAt: z.number().nullable().describe("when the trouble itself began, as far as alerts tell"),
  acknowledgedAt: z.number().nullable(),
  mitigatedAt: z.number().nullable(),
  resolvedAt: z.number().nullable(),
  resolvedBy: z.string().nullable(),
  roles: z.record(z.string(), z.string()).describe("commander, communications, scribe: who"),
  public: z.boolean().describe("told on status pages"),
});
export type IncidentSummary = z.infer<typeof incidentSchema>;

export const incidentNoteSchema = z.object({
  id: z.number(),
  at: z.number(),
  by: z.string(),
  kind: z.enum(["note", "chat", "update"]),
  status: incidentStatus.nullable(),
  text: z.string(),
});
export type IncidentNote = z.infer<typeof incidentNoteSchema>;

export const incidentActionSchema = z.object({
  id: z.number(),
  incident: z.number(),
  text: z.string(),
  owner: z.string(),
  due: z.string().describe("a day: 2026-12-01"),
  createdAt: z.number(),
  createdBy: z.string(),
  doneAt: z.number().nullable(),
  doneBy: z.string().nullable(),
});
export type IncidentAction = z.infer<typeof incidentActionSchema>;

const spread = z.object({
  count: z.number(),
  median: z.number().nullable().describe("milliseconds"),
  worst: z.number().nullable(),
});
export const incidentMetricsSchema = z.object({
  incidents: z.number(),
  detect: spread,
  acknowledge: spread,
  mitigate: spread,
  resolve: spread,
  people: z.array(
    z.object({ person: z.string(), pages: z.number(), perWeek: z.number(), atNight: z.number() }),
  ),
  rules: z.array(
    z.object({ rule: z.string(), incidents: z.number(), pages: z.number(), unanswered: z.number() }),
  ),
});
export type IncidentMetrics = z.infer<typeof incidentMetricsSchema>;

/** Somebody was told on some way: accepted, opened and answered are separate facts. */
export const askedSchema = z.object({
  person: z.string().nullable(),
  channel: z.string(),
  round: z.number(),
  level: z.number(),
  begunAt: z.number(),
  acceptedAt: z.number().nullable(),
  openedAt: z.number().nullable(),
  acknowledgedAt: z.number().nullable(),
  failure: z.string().nullable(),
});
export type Asked = z.infer<typeof askedSchema>;

/** An open incident with the alerts that it is about and how its pages stand. */
export const pagingSchema = z.object({
  incident: z.number(),
  title: z.string(),
  state: z.enum(["open", "acknowledged", "resolved"]),
  alerts: z.array(z.record(z.string(), z.string())).describe("their labels"),
  pages: z.array(
    z.object({
      id: z.string(),
      state: z.enum(["open", "acknowledged", "resolved"]),
      level: z.number(),
      levels: z.number(),
      acknowledgedBy: z.string().nullable(),
      acknowledgedAt: z.number().nullable(),
      acknowledgedUntil: z.number().nullable(),
    }),
  ),
  asked: z.array(askedSchema),
});
export type PagingView = z.infer<typeof pagingSchema>;

export const postmortemSchema = z.object({
  markdown: z.string(),
  revision: z.number().describe("0: the draft, which nobody has edited"),
  editedAt: z.number().nullable(),
  editedBy: z.string().nullable(),
});
export type Postmortem = z.infer<typeof postmortemSchema>;

export const segmentSchema = z.object({
  from: z.number(),
  to: z.number(),
  person: z.string(),
  source: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("override"), id: z.string() }),
    z.object({ kind: z.literal("swap"), id: z.string(), out: z.string() }),
    z.object({ kind: z.literal("layer"), layer: z.string() }),
    z.object({ kind: z.literal("fallback") }),
  ]),
});
export type OnCallSegment = z.infer<typeof segmentSchema>;

/** A schedule over some time: who is on call, and what that is made of. */
export const scheduleViewSchema = z.object({
  zone: z.string(),
  fallback: z.string(),
  segments: z.array(segmentSchema),
  layers: z
    .array(z.object({ name: z.string(), segments: z.array(segmentSchema) }))
    .describe("each as if it stood alone"),
  overrides: z.array(
    z.object({
      id: z.string(),
      from: z.number(),
      to: z.number(),
      person: z.string(),
      out: z.string().nullable().describe("for whom; null: for whoever is on call"),
      createdBy: z.string(),
    }),
  ),
  people: z
    .array(z.object({ name: z.string(), identity: z.string().nullable() }))
    .describe("who may be on call"),
  calendar: z.string().describe("path of the iCal feed; whoever holds it may read this schedule"),
});
export type ScheduleView = z.infer<typeof scheduleViewSchema>;

export const componentStateSchema = z.enum(["operational", "maintenance", "degraded", "outage"]);

/** A status page as it stands, and where it is found. */
export const statusPageViewSchema = z.object({
  environment: z.string(),
  name: z.string(),
  title: z.string(),
  visibility: z.enum(["public", "private"]),
  url: z.string().nullable().describe("path under which anybody reads it; null: private"),
  files: z.string().describe("folder in the control plane's data directory"),
  subscribers: z.number().int(),
  components: z.array(
    z.object({
      name: z.string(),
      services: z.array(z.string()),
      state: componentStateSchema,
      said: z
        .object({ state: componentStateSchema, note: z.string(), by: z.string(), at: z.number() })
        .nullable()
        .describe("by hand, beside what incidents say"),
    }),
  ),
  incidents: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      status: incidentStatus,
      severity: incidentSeverity,
      openedAt: z.number(),
      resolvedAt: z.number().nullable(),
      updates: z.number().int(),
    }),
  ),
});
export type StatusPageView = z.infer<typeof statusPageViewSchema>;

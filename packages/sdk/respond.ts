import { type CommonOptions, declare, type Handle, isHandle, listOf, nameOf } from "./environment.ts";
import type { SecretReference, Text } from "./references.ts";
import type { ServiceHandle } from "./services.ts";

/** A way to tell someone something. A secret keeps a password out of the file. */
export type Channel =
  | {
      kind: "email";
      to: string;
      from: string;
      /** `smtp://mail.example.org:587`, or `smtps://…`. */
      server: string;
      user?: string;
      password?: string | SecretReference;
      /** No mail goes out without TLS, whatever the server offers. */
      requireTls?: boolean;
      /** PEM of the authority that vouches for the server; the system's where left out. */
      ca?: string;
    }
  /** JSON by POST; with a secret it is signed (`x-havn-signature`). */
  | { kind: "webhook"; url: Text; secret?: string | SecretReference }
  /** The address of a topic: `https://ntfy.sh/our-alerts`. */
  | { kind: "ntfy"; url: Text; token?: string | SecretReference }
  /** An incoming webhook of Slack. */
  | { kind: "slack"; url: Text }
  /** The webhook of a Microsoft Teams workflow ("when a webhook request is received"). */
  | { kind: "teams"; url: Text }
  /** An incoming webhook of Mattermost. */
  | { kind: "mattermost"; url: Text; channel?: string }
  /** A room of a Matrix server, that the token's account has joined. */
  | { kind: "matrix"; homeserver: Text; room: string; token: string | SecretReference }
  | { kind: "discord"; url: Text }
  /** A chat that the bot may write to: its number, or `@channel`. */
  | { kind: "telegram"; token: string | SecretReference; chat: string; server?: Text }
  /** A browser's subscription, and the private key (VAPID) that it was made for. */
  | {
      kind: "webpush";
      endpoint: Text;
      p256dh: string;
      auth: string;
      privateKey: string | SecretReference;
      subject: string;
    }
  /** Events API v2: what ends here ends there. */
  | { kind: "pagerduty"; key: string | SecretReference; server?: Text }
  | { kind: "opsgenie"; key: string | SecretReference; server?: Text }
  /** Twilio. `voice` calls and reads it out; a key that is pressed answers. */
  | {
      kind: "sms" | "voice";
      account: string;
      token: string | SecretReference;
      from: string;
      to: string;
      server?: Text;
    }
  /** RFC 5424: `udp://logs.example.org:514`, `tcp://…` or `tls://…:6514`. */
  | { kind: "syslog"; server: string; facility?: number; ca?: string }
  /**
   * A program beside the control plane; it gets the message as JSON on its standard input. Whoever runs the control plane
   * lists which programs may be named (HAVN_NOTIFIER_COMMANDS).
   */
  | { kind: "command"; command: readonly string[] };

export interface ContactOptions extends CommonOptions {
  /**
   * How this person is called where they sign in, so that answers over the API count as theirs. Default: `user:<name>`.
   * @example identity: "user:ada"
   */
  identity?: string;
  /**
   * How to reach them, best way first: the next one is taken when one fails, or, with `after`, when nobody has answered.
   * @example ways: [{ kind: "ntfy", url: "https://ntfy.sh/ada" }, { via: { kind: "webhook", url: "https://…" }, after: "3m" }]
   */
  ways: readonly (Channel | { via: Channel; after?: string })[];
}

/** A person. */
export interface ContactHandle extends Handle {
  readonly type: "contact";
}

/**
 * A person and how to reach them.
 *
 * @example const ada = contact("ada", { ways: [{ kind: "ntfy", url: "https://ntfy.sh/ada" }] });
 */
export function contact(name: string, options: ContactOptions): ContactHandle {
  const { ways, dependsOn, ...rest } = options;
  const properties = { ...rest, ways: ways.map((way) => ("via" in way ? way : { via: way })) };
  const { address } = declare({ type: "contact", name, properties, after: listOf(dependsOn) });
  return { type: "contact", name, resource: address };
}

type Person = ContactHandle | string;

export interface TeamOptions extends CommonOptions {
  /**
   * Who belongs to it.
   * @example members: [ada, bo]
   */
  members: readonly Person[];
}

/** Several people who are asked at once. */
export interface TeamHandle extends Handle {
  readonly type: "team";
}

/**
 * Several people who are asked at once.
 *
 * @example const ops = team("ops", { members: [ada, bo] });
 */
export function team(name: string, { members, dependsOn }: TeamOptions): TeamHandle {
  const { address } = declare({
    type: "team",
    name,
    properties: { members: members.map(nameOf) },
    after: [...members, ...listOf(dependsOn)],
  });
  return { type: "team", name, resource: address };
}

export type Weekday = "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";

export interface ScheduleLayer {
  name: string;
  /** In the order in which they take their shifts. */
  people: readonly Person[];
  /** The first shift's begin, and so the time of every hand-off, in wall time: `2026-01-05T09:00`. */
  start: string;
  until?: string;
  every: { unit: "hour" | "day" | "week"; count: number };
  /** Only then; always where left out. An end not after its start is the next day's. */
  windows?: readonly { weekdays?: readonly Weekday[]; start: string; end: string }[];
}

export interface ScheduleOptions extends CommonOptions {
  /**
   * IANA zone in whose wall time everything here is meant.
   * @example zone: "Europe/Oslo"
   */
  zone: string;
  /**
   * Rotations. Where several have someone on call, the last one counts.
   * @example layers: [{ name: "week", people: [ada, bo], start: "2026-01-05T09:00", every: { unit: "week", count: 1 } }]
   */
  layers: readonly ScheduleLayer[];
  /**
   * Who is on call when nobody else is: there is never nobody.
   * @example fallback: ada
   */
  fallback: Person;
}

/** Who is on call when. */
export interface ScheduleHandle extends Handle {
  readonly type: "schedule";
}

/**
 * Who is on call when.
 *
 * @example schedule("week", { zone: "Europe/Oslo", layers: [{ name: "week", people: [ada, bo], start: "2026-01-05T09:00", every: { unit: "week", count: 1 } }], fallback: ada });
 */
export function schedule(name: string, options: ScheduleOptions): ScheduleHandle {
  const { zone, layers, fallback, dependsOn } = options;
  const properties = {
    zone,
    layers: layers.map((layer) => ({ ...layer, people: layer.people.map(nameOf) })),
    fallback: nameOf(fallback),
  };
  const people = [...layers.flatMap((layer) => layer.people), fallback];
  const { address } = declare({
    type: "schedule",
    name,
    properties,
    after: [...people, ...listOf(dependsOn)],
  });
  return { type: "schedule", name, resource: address };
}

export interface EscalationOptions extends CommonOptions {
  /**
   * Who is asked, level after level and then from the first again, until someone answers. Default timeout: "5m".
   * @example levels: [{ targets: [week], timeout: "5m" }, { targets: [ops] }]
   */
  levels: readonly { targets: readonly (ContactHandle | TeamHandle | ScheduleHandle)[]; timeout?: string }[];
  /**
   * How long an answer holds: unless the trouble is over then, it pages again. Default: "30m".
   * @example acknowledgedFor: "1h"
   */
  acknowledgedFor?: string;
}

/** Who is asked, in which order. */
export interface EscalationHandle extends Handle {
  readonly type: "escalation";
}

/**
 * Who is asked, in which order, until someone answers.
 *
 * @example escalation("shop", { levels: [{ targets: [week], timeout: "5m" }, { targets: [ops] }] });
 */
export function escalation(name: string, options: EscalationOptions): EscalationHandle {
  const { levels, dependsOn, ...rest } = options;
  const properties = {
    ...rest,
    levels: levels.map(({ targets, ...level }) => ({
      ...level,
      targets: targets.map((target) => ({
        kind: target.type === "contact" ? "person" : target.type,
        name: target.name,
      })),
    })),
  };
  const targets = levels.flatMap((level) => level.targets);
  const { address } = declare({
    type: "escalation",
    name,
    properties,
    after: [...targets, ...listOf(dependsOn)],
  });
  return { type: "escalation", name, resource: address };
}

export interface ReceiverOptions extends CommonOptions {
  /**
   * Pages people and opens an incident.
   * @example escalation: shopEscalation
   */
  escalation?: EscalationHandle | string;
  /**
   * Who is told besides, without being asked for an answer.
   * @example channels: [{ kind: "slack", url: secret("slack-url") }]
   */
  channels?: readonly Channel[];
  /**
   * Opens an incident although nobody is paged. Default: false.
   * @example incident: true
   */
  incident?: boolean;
  /**
   * Whether channels hear of ends too. Default: true.
   * @example sendResolved: false
   */
  sendResolved?: boolean;
  /**
   * What channels say, with {{ state }}, {{ severity }}, {{ title }}, {{ url }}, {{ labels.NAME }} of what all alerts have
   * in common, and {{ each alerts }}{{ summary }}{{ end }}. It is tried on a real alert when it is planned.
   * @example template: { subject: "{{ severity }}: {{ title }}", text: "{{ each alerts }}{{ summary }} on {{ labels.host }}\n{{ end }}" }
   */
  template?: { subject?: string; text?: string };
}

/** What a route tells. */
export interface ReceiverHandle extends Handle {
  readonly type: "receiver";
}

/**
 * What a route tells: people who must answer, or channels that only hear of it.
 *
 * @example const oncall = receiver("oncall", { escalation: shopEscalation });
 */
export function receiver(name: string, options: ReceiverOptions): ReceiverHandle {
  const { escalation: paged, dependsOn, ...rest } = options;
  const properties = { ...rest, ...(paged !== undefined && { escalation: nameOf(paged) }) };
  const { address } = declare({ type: "receiver", name, properties, after: [paged, ...listOf(dependsOn)] });
  return { type: "receiver", name, resource: address };
}

export interface StatusPageOptions extends CommonOptions {
  /**
   * What stands at its top.
   * @example title: "Shop status"
   */
  title: string;
  /**
   * What people know the services as.
   * @example components: [{ name: "Checkout", services: [shop] }]
   */
  components: readonly { name: string; services: readonly (ServiceHandle | string)[] }[];
  /**
   * Who may see it: anyone, or who may read incidents. Default: "private".
   * @example visibility: "public"
   */
  visibility?: "public" | "private";
  /**
   * How subscribers by e-mail are told.
   * @example mail: { from: "status@example.org", server: "smtps://mail.example.org" }
   */
  mail?: { from: string; server: string; user?: string; password?: string | SecretReference };
}

/** What others may know of incidents. */
export interface StatusPageHandle extends Handle {
  readonly type: "statuspage";
}

/**
 * What others may know of incidents, as static files that Havn writes and serves under /status/.
 *
 * @example statusPage("shop", { title: "Shop status", components: [{ name: "Checkout", services: [shop] }], visibility: "public" });
 */
export function statusPage(name: string, options: StatusPageOptions): StatusPageHandle {
  const { components, dependsOn, ...rest } = options;
  const properties = {
    ...rest,
    components: components.map((one) => ({ ...one, services: one.services.map(nameOf) })),
  };
  const after = [...components.flatMap((one) => one.services), ...listOf(dependsOn)];
  const { address } = declare({ type: "statuspage", name, properties, after });
  return { type: "statuspage", name, resource: address };
}

/** When a route is muted or active: every field that is given must hold. */
export interface TimeInterval {
  times?: readonly { start: string; end: string }[];
  weekdays?: readonly string[];
  daysOfMonth?: readonly string[];
  months?: readonly string[];
  years?: readonly string[];
  zone?: string;
}

export interface RouteNode {
  /** Its parent's where left out. */
  receiver?: ReceiverHandle | string;
  /** Matchers as Alertmanager writes them: `severity="critical"`, `service=~"shop|blog"`. */
  match?: readonly string[];
  /** Goes on to the next sibling although it matched. */
  continue?: boolean;
  /** Default: env and alertname. `["..."]`: every alert alone. */
  groupBy?: readonly string[];
  /** Default: "5s". */
  groupWait?: string;
  /** Default: "5m". */
  groupInterval?: string;
  /** Default: "4h". */
  repeatInterval?: string;
  muteIn?: readonly TimeInterval[];
  activeIn?: readonly TimeInterval[];
  routes?: readonly RouteNode[];
}

export interface RouteOptions extends CommonOptions, RouteNode {
  /**
   * While what `source` matches fires, what `target` matches is not told, where both have the same `equal` labels.
   * @example inhibit: [{ source: ['severity="critical"'], target: ['severity="warning"'], equal: ["service"] }]
   */
  inhibit?: readonly { source: readonly string[]; target: readonly string[]; equal?: readonly string[] }[];
}

/** Who is told of which alerts. */
export interface RouteHandle extends Handle {
  readonly type: "route";
}

/**
 * Who is told of which alerts, with Alertmanager's words and meaning. Several routes are tried by their names, in order.
 *
 * @example route("pages", { receiver: chat, routes: [{ match: ['severity="critical"'], receiver: oncall }] });
 */
export function route(name: string, options: RouteOptions): RouteHandle {
  const { dependsOn, inhibit, ...node } = options;
  const properties = { ...named(node), ...(inhibit && { inhibit }) };
  const after = [...receiversOf(node), ...listOf(dependsOn)];
  const { address } = declare({ type: "route", name, properties, after });
  return { type: "route", name, resource: address };
}

const named = ({ receiver: told, routes, ...rest }: RouteNode): Record<string, unknown> => ({
  ...rest,
  ...(told !== undefined && { receiver: nameOf(told) }),
  ...(routes && { routes: routes.map(named) }),
});

const receiversOf = ({ receiver: told, routes = [] }: RouteNode): unknown[] => [
  ...(isHandle(told) ? [told] : []),
  ...routes.flatMap(receiversOf),
];

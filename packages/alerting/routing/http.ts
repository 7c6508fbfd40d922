import { defineRoute, type Route } from "@havn/http";
import { type Clock, HavnError } from "@havn/model";
import { type AnchoredRegexp, compileRegexp } from "@havn/model/regexp";
import { z } from "zod";
import type { RoutedAlert } from "./alert.ts";
import type { AlertStatus, Routing } from "./index.ts";
import { type Matcher, matchesAll, parseMatcher } from "./matchers.ts";
import { type Silence, silenceState } from "./silences.ts";

/**
 * The part of Alertmanager's API v2 that Prometheus and amtool speak (Alertmanager, api/v2/openapi.yaml). Its errors are
 * plain JSON texts.
 */
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const labels = z.record(z.string(), z.string());
const postedAlerts = z.array(
  z.object({
    labels,
    annotations: labels.default({}),
    startsAt: time.optional(),
    endsAt: time.optional(),
    generatorURL: z.string().default(""),
  }),
);
const matcher = z.object({
  name: z.string().min(1),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
});
const postedSilence = z.object({
  id: z.string().nullish(),
  matchers: z.array(matcher).min(1),
  startsAt: time,
  endsAt: time,
  createdBy: z.string(),
  comment: z.string(),
});
const flag = z.enum(["true", "false"]).default("true");
const many = z.union([z.string(), z.array(z.string())]).default([]);
const alertsQuery = z.object({
  ...{ active: flag, silenced: flag, inhibited: flag, muted: flag, unprocessed: flag },
  filter: many,
  receiver: z.string().optional(),
});
const anything = z.unknown();
const onError = (error: HavnError) => ({
  status: error.status,
  body: [error.message, error.detail].filter((text) => text !== "").join(": "),
});
/** Go's zero time: what Prometheus sends for "not known". */
const zeroTime = Date.parse("0001-01-01T00:00:00Z");
const known = (at: number | undefined) => (at === undefined || at === zeroTime ? undefined : at);

export function alertmanagerRoutes({ routing, clock }: { routing: Routing; clock: Clock }): Route[] {
  const startedAt = clock.now();
  return [
    ...alertRoutes(routing, clock),
    ...silenceRoutes(routing, clock),
    defineRoute({
      method: "GET",
      path: "/api/v2/status",
      summary: "Alertmanager's status",
      access: { action: "alert:read" },
      response: anything,
      onError,
      handle: () => ({
        cluster: { status: "disabled", peers: [] },
        config: { original: "# declared in havn.config.ts\n" },
        uptime: new Date(startedAt).toISOString(),
        // amtool compares it with its own.
        versionInfo: {
          ...{ branch: "havn", buildDate: "", buildUser: "", goVersion: "", revision: "", version: "0.27.0" },
        },
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v2/receivers",
      summary: "Every receiver that a route names",
      access: { action: "alert:read" },
      response: anything,
      onError,
      handle: () => routing.receivers().map((name) => ({ name })),
    }),
  ];
}

function alertRoutes(routing: Routing, clock: Clock): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v2/alerts",
      summary: "Takes alerts in, as Prometheus sends them to an Alertmanager",
      access: { action: "alert:create" },
      body: postedAlerts,
      // One label that is too long must not keep the others of its batch out: it is read, and named.
      bodyLimit: 32_000_000,
      response: anything,
      onError,
      async handle({ body }) {
        await routing.receive(
          body.map(({ startsAt, endsAt, generatorURL, ...rest }) => ({
            ...rest,
            startsAt: known(startsAt),
            endsAt: known(endsAt),
            generatorUrl: generatorURL,
          })),
        );
        return {};
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v2/alerts",
      summary: "Alerts that fire, with what holds them back",
      access: { action: "alert:read" },
      query: alertsQuery,
      response: anything,
      onError,
      handle: ({ query }) =>
        routing.statuses().filter(wanted(query)).map(gettable(clock.now())).sort(byFingerprint),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v2/alerts/groups",
      summary: "Alerts that fire, in the groups in which they are told",
      access: { action: "alert:read" },
      query: alertsQuery,
      response: anything,
      onError,
      handle: ({ query }) =>
        routing
          .groups()
          .map(({ labels: common, receiver, alerts }) => ({
            labels: common,
            receiver: { name: receiver },
            alerts: alerts.filter(wanted(query)).map(gettable(clock.now())),
          }))
          .filter(({ alerts }) => alerts.length > 0),
    }),
  ];
}

function silenceRoutes(routing: Routing, clock: Clock): Route[] {
  const { silences } = routing;
  const idParams = z.object({ id: z.string() });
  return [
    defineRoute({
      method: "GET",
      path: "/api/v2/silences",
      summary: "Silences: pending, active, and those that expired within five days",
      access: { action: "silence:read" },
      query: z.object({ filter: many }),
      response: anything,
      onError,
      handle: ({ query }) =>
        silences
          .list()
          .filter((silence) => [query.filter].flat().map(parseMatcher).every(namedBy(silence)))
          .sort((left, right) => left.endsAt - right.endsAt)
          .map(gettableSilence(clock.now())),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v2/silences",
      summary: "Mutes what its matchers cover",
      access: { action: "silence:create" },
      body: postedSilence,
      response: z.object({ silenceID: z.string() }),
      onError,
      async handle({ body }) {
        const { id, matchers, ...rest } = body;
        const silence = await silences.put({
          ...rest,
          ...(id && { id }),
          matchers: matchers.map(matcherFrom),
        });
        return { silenceID: silence.id };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v2/silence/:id",
      summary: "One silence",
      access: { action: "silence:read" },
      params: idParams,
      response: anything,
      onError,
      handle({ params }) {
        const silence = silences.find(params.id);
        if (!silence) throw new HavnError(`There is no silence ${params.id}`, { status: 404 });
        return gettableSilence(clock.now())(silence);
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v2/silence/:id",
      summary: "Ends a silence now",
      access: { action: "silence:delete", resource: ({ params }) => params.id },
      params: idParams,
      response: anything,
      onError,
      async handle({ params }) {
        await silences.expire(params.id);
        return {};
      },
    }),
  ];
}

function wanted(query: z.output<typeof alertsQuery>): (status: AlertStatus) => boolean {
  const filters = [query.filter].flat().map(parseMatcher);
  const receiver = query.receiver === undefined ? undefined : receiverRegexp(query.receiver);
  return ({ alert, silencedBy, inhibitedBy, heldBy, receivers }) =>
    (query.silenced === "true" || silencedBy.length === 0) &&
    (query.inhibited === "true" || inhibitedBy.length === 0) &&
    (query.muted === "true" || heldBy.length === 0) &&
    (query.active === "true" || silencedBy.length + inhibitedBy.length + heldBy.length > 0) &&
    (receiver === undefined || receivers.some((name) => receiver.test(name))) &&
    matchesAll(filters, alert.labels);
}

function receiverRegexp(source: string): AnchoredRegexp {
  try {
    return compileRegexp(source);
  } catch (cause) {
    throw new HavnError(cause instanceof Error ? cause.message : String(cause), { status: 400, cause });
  }
}

/** A silence is found by what its own matchers say. */
const namedBy = (silence: Silence) => (filter: Matcher) =>
  matchesAll([filter], Object.fromEntries(silence.matchers.map(({ name, value }) => [name, value])));

const gettable =
  (now: number) =>
  ({ alert, receivers, silencedBy, inhibitedBy, heldBy }: AlertStatus) => ({
    ...alertText(alert, now),
    receivers: receivers.map((name) => ({ name })),
    status: {
      state: silencedBy.length + inhibitedBy.length + heldBy.length > 0 ? "suppressed" : "active",
      ...{ silencedBy, inhibitedBy, mutedBy: heldBy.map(({ reason }) => reason) },
    },
  });

const alertText = (alert: RoutedAlert, now: number) => ({
  fingerprint: alert.fingerprint,
  labels: alert.labels,
  annotations: alert.annotations,
  startsAt: new Date(alert.startsAt).toISOString(),
  // The protocol wants an end; Havn's own alerts have none while they fire.
  endsAt: new Date(alert.endsAt ?? now + 300_000).toISOString(),
  updatedAt: new Date(alert.updatedAt).toISOString(),
  generatorURL: alert.generatorUrl,
});

const byFingerprint = (left: { fingerprint: string }, right: { fingerprint: string }) =>
  left.fingerprint < right.fingerprint ? -1 : 1;

const gettableSilence = (now: number) => (silence: Silence) => ({
  id: silence.id,
  status: { state: silenceState(silence, now) },
  matchers: silence.matchers.map(({ name, operator, value }) => ({
    ...{ name, value },
    isRegex: operator.endsWith("~"),
    isEqual: operator.startsWith("="),
  })),
  startsAt: new Date(silence.startsAt).toISOString(),
  endsAt: new Date(silence.endsAt).toISOString(),
  updatedAt: new Date(silence.updatedAt).toISOString(),
  createdBy: silence.createdBy,
  comment: silence.comment,
});

function matcherFrom({ name, value, isRegex, isEqual }: z.output<typeof matcher>): Matcher {
  const operator = isRegex ? (isEqual ? "=~" : "!~") : isEqual ? "=" : "!=";
  return parseMatcher(`${name}${operator}${JSON.stringify(value)}`);
}

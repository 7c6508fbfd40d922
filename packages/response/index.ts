import { randomUUID } from "node:crypto";
import type { Route } from "@havn/http";
import {
  type Channel,
  type Clock,
  type Event,
  parseAddress,
  parseDuration,
  type Timeline,
} from "@havn/model";
import { migrate, type Sql, type TransactionSql } from "@havn/postgres";
import type { Workflows } from "@havn/workflows";
import { createExecutor, type ResourceExecutor } from "./executor.ts";
import { type Message, send as sendThrough } from "./notifiers/index.ts";
import { createPaging } from "./pages/paging.ts";
import { loadPeople, type People } from "./roster.ts";
import { responseRoutes } from "./routes.ts";
import * as store from "./store.ts";

/** What a route tells, as @havn/alerting hands it over. */
export interface Notification {
  id: string;
  /** Address of a receiver. */
  receiver: string;
  /** What it is about, over all tellings. */
  group: string;
  reason: string;
  at: number;
  alerts: readonly {
    state: "firing" | "resolved";
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
    startsAt: number;
  }[];
}

export interface ResponseOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline & {
    list(filter: { environment?: string; limit?: number; before?: number }): Promise<Event[]>;
  };
  /** `define` is used at once: call before they are launched. */
  workflows: Pick<Workflows, "define">;
  /** Opens the references of a channel of that environment. */
  resolve<T>(environment: string, value: T): Promise<T>;
  /** Signs the links with which pages are answered. */
  answerKey: string;
  /** Where people reach Havn, without a slash at the end. */
  publicUrl(): string;
  send?(channel: Channel, message: Message, signal: AbortSignal): Promise<string>;
}

/** From a told alert to an answer: incidents, pages, escalation, and who is on call. */
export interface Response {
  /** Types `contact`, `team`, `schedule`, `escalation` and `receiver`. */
  executor: ResourceExecutor;
  /** Takes a notification in for good, each id once; paging goes on by itself from there. */
  deliver(notification: Notification): Promise<void>;
  /** Sees to it that everything open is under way: to be called after the workflows' launch, and again and again. */
  sweep(): Promise<void>;
  routes: Route[];
}

export async function createResponse(options: ResponseOptions): Promise<Response> {
  const { sql, clock, timeline } = options;
  await migrate(sql, "response", new URL("./migrations/", import.meta.url));
  const people = await loadPeople(sql);
  const paging = createPaging({
    ...options,
    send: options.send ?? sendThrough,
    contact: people.contact,
    answerUrl: (token) => `${options.publicUrl()}/answer/${token}`,
  });
  const taking: TakingContext = { people, publicUrl: options.publicUrl, now: () => clock.now() };

  return {
    executor: createExecutor({ sql, changed: people.reload }),
    async deliver(notification) {
      const { pages, notices, events } = await sql.begin((transaction) =>
        takeIn(transaction, notification, taking),
      );
      for (const event of events) await timeline.write(event);
      for (const { id, state } of pages) {
        if (state === "resolved") paging.wake(id);
        else await paging.start({ page: id });
      }
      for (const notice of notices) await paging.start({ notice });
    },
    sweep: paging.sweep,
    routes: responseRoutes({ sql, clock, timeline, people, paging }),
  };
}

interface TakingContext {
  people: People;
  publicUrl(): string;
  now(): number;
}

interface Taken {
  pages: { id: string; state: "open" | "resolved" }[];
  notices: string[];
  events: Parameters<Timeline["write"]>[0][];
}

/** All that follows from a notification, in one transaction: what follows later finds it there, whatever crashes. */
async function takeIn(sql: TransactionSql, told: Notification, context: TakingContext): Promise<Taken> {
  const taken: Taken = { pages: [], notices: [], events: [] };
  if (!(await store.take(sql, told.id, told.at))) return taken;
  const { environment, name } = parseAddress(told.receiver);
  const receiver = context.people.receiver(told.receiver);
  if (!receiver) {
    taken.events.push({
      ...{ kind: "receiver.unknown", environment, severity: "error", key: `receiver:${told.id}` },
      summary: `A route tells receiver ${name}, which is not declared: nobody was told`,
    });
    return taken;
  }
  const alerts = told.alerts.map(({ labels, annotations, state }) => {
    const summary = annotations.summary ?? annotations.description ?? labels.alertname ?? "an alert";
    return { labels, state, summary };
  });
  const firing = alerts.filter(({ state }) => state === "firing");
  const about = summaryOf(firing.length > 0 ? firing : alerts);
  if (receiver.escalation !== undefined || receiver.incident)
    await takeIncident(
      sql,
      { told, environment, alerts, about, escalation: receiver.escalation, taken },
      context,
    );
  const onlyEnds = told.reason === "all resolved" || told.reason === "some resolved";
  if (onlyEnds && !receiver.sendResolved) return taken;
  for (const [index, channel] of receiver.channels.entries()) {
    const id = `${told.id}-${index}`;
    const message: Message = {
      ...{ id, at: told.at, alerts, severity: about.severity },
      state: firing.length > 0 ? "firing" : "resolved",
      subject: `${firing.length > 0 ? about.severity : "Resolved"}: ${about.title}`,
      text: alerts.map(({ state, summary }) => `${state}: ${summary}`).join("\n"),
      url: `${context.publicUrl()}/environments/${environment}/alerts`,
    };
    await store.insertNotice(sql, { id, environment, channel, message });
    taken.notices.push(id);
  }
  return taken;
}

interface IncidentInput {
  told: Notification;
  environment: string;
  alerts: Message["alerts"];
  about: { title: string; severity: Message["severity"] };
  escalation: string | undefined;
  taken: Taken;
}

async function takeIncident(sql: TransactionSql, input: IncidentInput, context: TakingContext) {
  const { told, environment, alerts, about, taken } = input;
  const key = `${told.receiver} ${told.group}`;
  const open = await store.findOpenIncident(sql, key);
  if (!alerts.some(({ state }) => state === "firing")) {
    if (!open) return;
    for (const { id } of await store.listPages(sql, open.id)) taken.pages.push({ id, state: "resolved" });
    await store.updateIncidentAlerts(sql, open.id, alerts);
    await store.resolveIncident(sql, open.id, "havn", told.at);
    taken.events.push({
      ...{ kind: "incident.resolved", environment, key: `incident:${open.id}:resolved` },
      summary: `Incident ${open.id} is over: ${open.title}`,
    });
    return;
  }
  if (open) {
    await store.updateIncidentAlerts(sql, open.id, alerts);
    return;
  }
  const opened = { key, environment, alerts, openedAt: told.at, openedBy: told.receiver, ...about };
  const incident = await store.insertIncident(sql, opened);
  taken.events.push({
    ...{ kind: "incident.opened", environment, severity: "error", key: `incident:${incident.id}:opened` },
    summary: `Incident ${incident.id}: ${incident.title}`,
    data: { incident: incident.id },
  });
  if (input.escalation === undefined) return;
  const escalation = context.people.escalation(environment, input.escalation);
  // A name that is no more pages everyone rather than nobody.
  const everyone = { levels: [{ targets: [{ kind: "team" as const, name: "everyone" }], timeout: "5m" }] };
  const properties = escalation ?? { ...everyone, acknowledgedFor: "30m" };
  const { levels, missing } = context.people.snapshot(environment, properties, context.now());
  const id = randomUUID();
  await store.insertPage(sql, {
    ...{ id, incident: incident.id, environment, levels, createdAt: context.now() },
    acknowledgedFor: parseDuration(properties.acknowledgedFor),
  });
  taken.pages.push({ id, state: "open" });
  for (const name of missing)
    taken.events.push({
      ...{ kind: "page.misconfigured", environment, severity: "error", key: `page:${id}:missing:${name}` },
      summary: `Escalation ${input.escalation} names ${name}, which is not declared`,
    });
}

function summaryOf(alerts: Message["alerts"]): { title: string; severity: Message["severity"] } {
  const [first] = alerts;
  const more = alerts.length > 1 ? ` (and ${alerts.length - 1} more)` : "";
  const severities = new Set(alerts.map(({ labels }) => labels.severity));
  const severity = (["critical", "warning", "info"] as const).find((one) => severities.has(one));
  return { title: `${first?.summary ?? "alert"}${more}`, severity: severity ?? "critical" };
}

import { randomUUID } from "node:crypto";
import { parseAddress, parseDuration, type Timeline } from "@havn/model";
import type { Ledger } from "../ledger.ts";
import type { Message } from "../notifiers/index.ts";
import { compose, summaryOf } from "../receivers/compose.ts";
import type { People } from "../roster.ts";
import type { Notice } from "../store.ts";

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

export interface TakingContext {
  people: Pick<People, "receiver" | "escalation" | "snapshot">;
  publicUrl(): string;
  now(): number;
}

export interface Taken {
  pages: { id: string; state: "open" | "resolved" }[];
  notices: Notice[];
  events: Parameters<Timeline["write"]>[0][];
}

/** All that follows from notifications, in one transaction: what follows later finds it there, whatever crashes. */
export async function takeIn(
  ledger: Ledger,
  notifications: readonly Notification[],
  context: TakingContext,
): Promise<Taken> {
  const taken: Taken = { pages: [], notices: [], events: [] };
  const fresh = await ledger.take(notifications);
  for (const told of notifications)
    if (fresh.has(told.id)) await takeOne(ledger, told, { ...context, taken });
  if (taken.notices.length > 0) await ledger.insertNotices(taken.notices);
  return taken;
}

async function takeOne(
  ledger: Ledger,
  told: Notification,
  { taken, ...context }: TakingContext & { taken: Taken },
): Promise<void> {
  const { environment, name } = parseAddress(told.receiver);
  const receiver = context.people.receiver(told.receiver);
  if (!receiver) {
    taken.events.push({
      ...{ kind: "receiver.unknown", environment, severity: "error", key: `receiver:${told.id}` },
      summary: `A route tells receiver ${name}, which is not declared: nobody was told`,
    });
    return;
  }
  const alerts = told.alerts.map(({ labels, annotations, state }) => {
    const summary = annotations.summary ?? annotations.description ?? labels.alertname ?? "an alert";
    return { labels, state, summary };
  });
  const firing = alerts.filter(({ state }) => state === "firing");
  const about = summaryOf(firing.length > 0 ? firing : alerts);
  if (receiver.escalation !== undefined || receiver.incident)
    await takeIncident(
      ledger,
      { told, environment, alerts, about, escalation: receiver.escalation, taken },
      context,
    );
  const onlyEnds = told.reason === "all resolved" || told.reason === "some resolved";
  if (onlyEnds && !receiver.sendResolved) return;
  const url = `${context.publicUrl()}/environments/${environment}/alerts`;
  const { words, faults } = compose(receiver.template, { alerts, url });
  const [fault] = faults;
  if (fault)
    taken.events.push({
      ...{ kind: "receiver.template", environment, severity: "warning", key: `receiver:${told.id}:template` },
      summary: `The template of receiver ${name} cannot be filled in, so it says the usual: ${fault.field}, line ${fault.line}, column ${fault.column}: ${fault.summary}`,
    });
  for (const [index, channel] of receiver.channels.entries()) {
    const id = `${told.id}-${index}`;
    const message: Message = {
      ...{ id, about: told.group, at: told.at, alerts, answerable: false, url },
      ...words,
    };
    taken.notices.push({ id, environment, channel, otherwise: [], message });
  }
}

interface IncidentInput {
  told: Notification;
  environment: string;
  alerts: Message["alerts"];
  about: { title: string; severity: Message["severity"] };
  escalation: string | undefined;
  taken: Taken;
}

async function takeIncident(ledger: Ledger, input: IncidentInput, context: TakingContext) {
  const { told, environment, alerts, about, taken } = input;
  const key = `${told.receiver} ${told.group}`;
  const open = await ledger.findOpenIncident(key);
  if (!alerts.some(({ state }) => state === "firing")) {
    if (!open) return;
    for (const { id } of await ledger.listPages(open.id)) taken.pages.push({ id, state: "resolved" });
    await ledger.updateIncidentAlerts(open.id, alerts);
    await ledger.resolveIncident(open.id, "havn", told.at);
    taken.events.push({
      ...{ kind: "incident.resolved", environment, key: `incident:${open.id}:resolved` },
      summary: `Incident ${open.id} is over: ${open.title}`,
      data: { incident: open.id },
    });
    return;
  }
  if (open) {
    await ledger.updateIncidentAlerts(open.id, alerts);
    return;
  }
  const begins = told.alerts.filter(({ state }) => state === "firing").map(({ startsAt }) => startsAt);
  const troubleAt = Math.min(told.at, ...begins);
  const opened = {
    key,
    environment,
    alerts,
    openedAt: told.at,
    openedBy: told.receiver,
    ...about,
    troubleAt,
  };
  const incident = await ledger.insertIncident(opened);
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
  await ledger.insertPage({
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

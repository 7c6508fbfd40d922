import type { Route } from "@havn/http";
import {
  type AlertView,
  type Channel,
  type Clock,
  contactProperties,
  type Event,
  HavnError,
  type Labels,
  parseAddress,
  type ReceiverProperties,
  receiverProperties,
  runbookProperties,
  scheduleProperties,
  type Timeline,
} from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import type { Workflows } from "@havn/workflows";
import { createExecutor, type ResourceExecutor } from "./executor.ts";
import { createDelivery } from "./incidents/delivery.ts";
import { createIncidents, type IncidentsOptions } from "./incidents/incidents.ts";
import type { Notification, TakingContext } from "./incidents/intake.ts";
import { incidentRoutes, statusRoutes } from "./incidents/routes.ts";
import { createStatusPages } from "./incidents/status-pages.ts";
import { listPagesSince } from "./incidents/store.ts";
import { sqlLedger } from "./ledger.ts";
import { type Message, send as sendThrough } from "./notifiers/index.ts";
import { findTemplateFault } from "./notifiers/template.ts";
import { createPaging } from "./pages/paging.ts";
import { createReceivers } from "./receivers/receivers.ts";
import { receiverRoutes } from "./receivers/routes.ts";
import { loadPeople, type People, scheduleOf } from "./roster.ts";
import { responseRoutes } from "./routes.ts";
import type { Hands } from "./runbooks/hands.ts";
import { runbookRoutes } from "./runbooks/routes.ts";
import { type AlertChange, createRunbooks } from "./runbooks/runbooks.ts";
import { questionToken } from "./runbooks/tokens.ts";
import { createUncovered, gapWarnings, type Uncovered } from "./schedules/uncovered.ts";
import * as store from "./store.ts";

export type { Hands } from "./runbooks/hands.ts";
export type { AlertChange } from "./runbooks/runbooks.ts";
export type { Notification };

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
  /** Whole paths of the programs that a notifier of kind `command` may name. */
  commands: readonly string[];
  /** With what runbooks act. */
  hands: Hands;
  /** Whether labels are what matchers say, as routes read them. Throws a HavnError (400) for one that cannot be read. */
  compileMatchers(texts: readonly string[]): (labels: Labels) => boolean;
  /** What was applied last in an environment; nothing for one that is not known. */
  graph: IncidentsOptions["graph"];
  /** Where status pages are written. */
  statusDirectory: string;
  /** What alerts there are now, pending ones among them. */
  alerts(): Promise<AlertChange[]> | AlertChange[];
  /** Alerts of an environment as people see them, with the groups in which they are told. */
  alertViews(environment: string): AlertView[];
}

/** From a told alert to an answer: incidents, pages, escalation, and who is on call. */
export interface Response extends AsyncDisposable {
  /** Types `contact`, `team`, `schedule`, `escalation`, `receiver`, `runbook` and `statuspage`. */
  executor: ResourceExecutor;
  /** Takes notifications in for good, all or none, each id once; paging goes on by itself from there. */
  deliver(notifications: readonly Notification[]): Promise<void>;
  /** Sees to it that everything open is under way: to be called after the workflows' launch, and again and again. */
  sweep(): Promise<void>;
  /** An alert has got into another state: it may start runbooks. Those of alerts that last are made up for by `sweep`. */
  alertChanged(alert: AlertChange): Promise<void>;
  /** Who was asked about what since then, each level of each round once, with the labels of the alerts. */
  pagesSince(at: number): Promise<
    {
      at: number;
      incident: number;
      title: string;
      person: string;
      alerts: Labels[];
    }[]
  >;
  /** Whom a receiver would tell, and ask first, at a moment. */
  whom(receiver: string, at: number): { channels: string[]; people: { person: string; because: string }[] };
  /** Schedules that will have nobody on call within a week. */
  uncovered(): Uncovered[];
  /** Forgets what is old. */
  prune(): Promise<void>;
  routes: Route[];
}

/** Throws a HavnError (400) with every place at which a template cannot be read. */
function requireReadable(address: string, template: ReceiverProperties["template"]): void {
  const faults = (["subject", "text"] as const).flatMap((field) => {
    const fault = template?.[field] === undefined ? undefined : findTemplateFault(template[field]);
    return fault ? [`${field}, line ${fault.line}, column ${fault.column}: ${fault.summary}`] : [];
  });
  if (faults.length > 0)
    throw new HavnError(`The template of ${address} cannot be read`, {
      status: 400,
      detail: faults.join("; "),
    });
}

function whomOf(people: People, address: string, at: number): ReturnType<Response["whom"]> {
  const receiver = people.receiver(address);
  const channels = receiver?.channels.map(({ kind }) => kind) ?? [];
  if (receiver?.escalation === undefined) return { channels, people: [] };
  const { environment } = parseAddress(address);
  const escalation = people.escalation(environment, receiver.escalation);
  const [first] = escalation ? people.snapshot(environment, escalation, at).levels : [];
  return { channels, people: first?.people ?? [] };
}

export async function createResponse(options: ResponseOptions): Promise<Response> {
  const { sql, clock, timeline } = options;
  await migrate(sql, "response", new URL("./migrations/", import.meta.url));
  const people = await loadPeople(sql);
  const ledger = sqlLedger(sql);
  const send = async (channel: Channel, message: Message, signal: AbortSignal): Promise<string> => {
    // What was declared before it was forbidden.
    mayUse(channel);
    return await (options.send ?? sendThrough)(channel, message, signal);
  };
  const receivers = createReceivers({ ...options, people, send });
  const paging = createPaging({
    ...options,
    ledger,
    send,
    contact: people.contact,
    contacts: people.contacts,
    answerUrl: (token) => `${options.publicUrl()}/answer/${token}`,
  });
  const taking: TakingContext = { people, publicUrl: options.publicUrl, now: () => clock.now() };

  /** Whoever may declare a channel must not thereby run what they like beside the control plane. */
  const mayUse = (channel: Channel): void => {
    const [program = ""] = channel.kind === "command" ? channel.command : [];
    if (channel.kind !== "command" || options.commands.includes(program)) return;
    throw new HavnError(`The control plane runs no ${program} for a notifier`, {
      detail:
        "Whoever runs it lists the programs that may be named, with their whole paths: HAVN_NOTIFIER_COMMANDS=/usr/local/bin/page,…",
      status: 403,
    });
  };
  const runbooks = createRunbooks({
    ...{ sql, clock, timeline, workflows: options.workflows, hands: options.hands },
    compileMatchers: options.compileMatchers,
    declared: people.runbooks,
    identityOf: (environment, person) => people.contact(environment, person)?.identity ?? `user:${person}`,
    people: (environment, targets) =>
      people
        .snapshot(
          environment,
          { levels: [{ targets: [...targets], timeout: "1h" }], acknowledgedFor: "1h" },
          { at: clock.now(), lastResort: false },
        )
        .levels.flatMap((level) => level.people.map(({ person }) => person)),
    async tell({ id, environment, person, ...text }) {
      const ways = people.contact(environment, person)?.ways.map(({ via }) => via) ?? [];
      const [channel, ...otherwise] = ways;
      if (!channel) return;
      const message: Message = {
        ...{
          id,
          about: id,
          state: "firing",
          severity: "warning",
          at: clock.now(),
          alerts: [],
          answerable: false,
        },
        ...text,
      };
      await store.insertNotices(sql, [{ id, environment, channel, otherwise, message }]);
      await paging.start({ notice: id });
    },
    questionUrl: (question) => `${options.publicUrl()}/runbook/${questionToken(question, options.answerKey)}`,
  });

  const statusPages = createStatusPages({
    ...{ sql, clock, declared: people.statusPages, directory: options.statusDirectory },
    ...{ publicUrl: options.publicUrl, graph: options.graph, key: options.answerKey },
    async notify(notice) {
      await store.insertNotices(sql, [{ ...notice, otherwise: [] }]);
      await paging.start({ notice: notice.id });
    },
  });
  const incidents = createIncidents({ sql, clock, timeline, paging, statusPages, graph: options.graph });

  return {
    executor: createExecutor({
      ...{ sql, changed: people.reload },
      check({ address, type, properties }) {
        if (type === "runbook")
          for (const { match } of runbookProperties.parse(properties).on) options.compileMatchers(match);
        if (type === "contact") for (const { via } of contactProperties.parse(properties).ways) mayUse(via);
        if (type === "schedule")
          return gapWarnings(
            scheduleOf(parseAddress(address).name, scheduleProperties.parse(properties), []),
            clock.now(),
          );
        if (type !== "receiver") return [];
        const { channels, template } = receiverProperties.parse(properties);
        for (const channel of channels) mayUse(channel);
        requireReadable(address, template);
        return receivers.warnings(address, template);
      },
    }),
    deliver: createDelivery({ ledger, paging, timeline, taking }),
    async sweep() {
      await paging.sweep();
      await runbooks.sweep(await options.alerts());
      await incidents.sweep();
    },
    alertChanged: runbooks.alertChanged,
    pagesSince: (at) => listPagesSince(sql, at),
    uncovered: createUncovered(people.schedules, clock),
    whom: (receiver, at) => whomOf(people, receiver, at),
    prune: runbooks.prune,
    async [Symbol.asyncDispose]() {
      runbooks.close();
    },
    routes: [
      ...receiverRoutes(receivers),
      ...responseRoutes({ sql, clock, people, paging, timeline, answerKey: options.answerKey }),
      ...incidentRoutes({ sql, clock, incidents, paging }),
      ...statusRoutes({ statusPages, timeline }),
      ...runbookRoutes({ sql, runbooks, declared: people.runbooks, answerKey: options.answerKey }),
    ],
  };
}

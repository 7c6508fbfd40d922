import { randomUUID } from "node:crypto";
import {
  type AlertView,
  type Channel,
  type Clock,
  formatAddress,
  HavnError,
  parseAddress,
  type ReceiverAttempt,
  type ReceiverPreview,
  type ReceiverProperties,
  type ReceiverTest,
  type ReceiverView,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Message } from "../notifiers/index.ts";
import { reasonOf } from "../pages/sending.ts";
import type { People } from "../roster.ts";
import { compose, sampleFor } from "./compose.ts";
import { channelView } from "./reach.ts";
import * as store from "./store.ts";

export interface ReceiversOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  people: People;
  /** Opens the references of a channel. */
  resolve<T>(environment: string, value: T): Promise<T>;
  send(channel: Channel, message: Message, signal: AbortSignal): Promise<string>;
  /** Alerts as people see them, with the groups in which they are told. */
  alertViews(environment: string): AlertView[];
  publicUrl(): string;
}

export interface ReceiverAsked {
  environment: string;
  name: string;
  /** Fingerprint of an alert. */
  alert?: string | undefined;
  /** In place of the declared one. */
  template?: ReceiverProperties["template"];
}

/** What receivers would say, and trying whether they say it. */
export interface Receivers {
  list(environment: string | undefined): Promise<ReceiverView[]>;
  /** Throws a HavnError: 404 for a receiver or an alert that is not there. */
  preview(asked: ReceiverAsked): ReceiverPreview;
  /** Sends once on every way, marked as a test. Throws as `preview`, and 409 while one of the same is under way. */
  test(asked: ReceiverAsked, by: string): Promise<ReceiverTest>;
  /** What is odd about a template that can be read: what it would leave empty of the newest alert of its route. */
  warnings(address: string, template: ReceiverProperties["template"]): { summary: string; detail: string }[];
}

const longestTryMs = 15_000;

export function createReceivers(options: ReceiversOptions): Receivers {
  const { sql, clock, people } = options;
  const trying = new Set<string>();

  const urlOf = (environment: string) => `${options.publicUrl()}/environments/${environment}/alerts`;

  function read({ environment, name, alert, template }: ReceiverAsked) {
    const address = formatAddress({ environment, type: "receiver", name });
    const properties = people.receiver(address);
    if (!properties)
      throw new HavnError(`There is no receiver "${name}" in ${environment}`, {
        ...{ status: 404, detail: "`havn receivers` shows those there are." },
      });
    const sample = sampleFor(address, options.alertViews(environment), alert);
    if (!sample)
      throw new HavnError(`There is no alert "${alert}" in ${environment}`, {
        ...{ status: 404, detail: "`havn alerts --json` shows their fingerprints." },
      });
    const composed = compose(template ?? properties.template, { ...sample, url: urlOf(environment) });
    return { address, properties, sample, ...composed };
  }

  function firstAsked(environment: string, { escalation }: ReceiverProperties) {
    const named = escalation === undefined ? undefined : people.escalation(environment, escalation);
    const [level] = named ? people.snapshot(environment, named, clock.now()).levels : [];
    return (level?.people ?? []).map((one) => ({
      ...one,
      ways: people.contact(environment, one.person)?.ways.map(({ via }) => via) ?? [],
    }));
  }

  async function tryWay(
    way: { channel: Channel; person?: string },
    { environment, message }: { environment: string; message: Message },
  ): Promise<ReceiverAttempt> {
    const at = clock.now();
    const [accepted, detail] = await attempt(way.channel, { environment, message });
    const { kind, to } = channelView(way.channel);
    const { person } = way;
    return {
      ...{ channel: kind, to, ...(person !== undefined && { person }) },
      ...{ at, took: clock.now() - at, accepted, detail },
    };
  }

  async function attempt(
    channel: Channel,
    { environment, message }: { environment: string; message: Message },
  ): Promise<[accepted: boolean, detail: string]> {
    try {
      const open = await options.resolve(environment, channel);
      const said = await options.send(open, message, AbortSignal.timeout(longestTryMs));
      // What counts incidents for itself is not left with one that nobody will end.
      if (channel.kind === "pagerduty" || channel.kind === "opsgenie")
        await options.send(
          open,
          { ...message, id: `${message.id}-end`, state: "resolved" },
          AbortSignal.timeout(longestTryMs),
        );
      return [true, said];
    } catch (cause) {
      return [false, cause instanceof Error ? reasonOf(cause) : String(cause)];
    }
  }

  async function test(asked: ReceiverAsked, by: string): Promise<ReceiverTest> {
    const { address, properties, words, sample } = read(asked);
    const { environment, name } = asked;
    const [id, at] = [randomUUID(), clock.now()];
    const subject = `[TEST] ${words.subject}`;
    const text = `This is a test of receiver ${name}, sent by ${by}. Nothing has happened.\n\n${words.text}`;
    const message = {
      ...{ about: `test-${id}`, state: "firing" as const, severity: words.severity, subject, text, at },
      ...{ url: urlOf(environment), answerable: false, alerts: sample.alerts },
    };
    const ways: { channel: Channel; person?: string }[] = [
      ...properties.channels.map((channel) => ({ channel })),
      ...firstAsked(environment, properties).flatMap(({ person, ways: own }) =>
        own.map((channel) => ({ channel, person })),
      ),
    ];
    const attempts = await Promise.all(
      ways.map((way, index) =>
        tryWay(way, { environment, message: { ...message, id: `test-${id}-${index}` } }),
      ),
    );
    const tested: ReceiverTest = { id, at, by, subject, text, attempts };
    await store.insertTest(sql, { receiver: address, ...tested });
    const failed = attempts.filter(({ accepted }) => !accepted);
    await options.timeline.write({
      ...{ kind: "receiver.tested", environment, actor: by, key: `receiver-test:${id}` },
      severity: failed.length > 0 ? "warning" : "info",
      summary: `Receiver ${name} was tried: ${attempts.length - failed.length} of ${attempts.length} ways took the test`,
    });
    return tested;
  }

  return {
    async list(environment) {
      const own = people
        .receivers()
        .filter((one) => environment === undefined || one.environment === environment);
      const tests = await store.listTests(
        sql,
        own.map(({ name, ...one }) =>
          formatAddress({ environment: one.environment, type: "receiver", name }),
        ),
      );
      return own.map(({ environment: of, name, properties }): ReceiverView => {
        const address = formatAddress({ environment: of, type: "receiver", name });
        const { channels, escalation, template, sendResolved } = properties;
        return {
          ...{ environment: of, name, sendResolved, channels: channels.map(channelView) },
          ...(escalation !== undefined && { escalation }),
          people: firstAsked(of, properties).map((one) => ({ ...one, ways: one.ways.map(channelView) })),
          ...(template && { template }),
          tests: tests.filter(({ receiver }) => receiver === address).map(({ receiver: _, ...rest }) => rest),
        };
      });
    },
    preview(asked) {
      const { sample, words, faults, empty } = read(asked);
      return {
        source: sample.source,
        alerts: sample.alerts.map(({ fingerprint, summary, state }) => ({ fingerprint, summary, state })),
        ...{ subject: words.subject, text: words.text, faults, empty },
      };
    },
    async test(asked, by) {
      const key = `${asked.environment}/${asked.name}`;
      if (trying.has(key))
        throw new HavnError(`Receiver ${asked.name} is being tried already`, {
          ...{ status: 409, detail: "Wait until that has ended: a way is given up after 15 seconds." },
        });
      trying.add(key);
      try {
        return await test(asked, by);
      } finally {
        trying.delete(key);
      }
    },
    warnings(address, template) {
      const { environment, name } = parseAddress(address);
      const sample = sampleFor(address, options.alertViews(environment));
      if (!template || sample?.source !== "group") return [];
      const { empty } = compose(template, { ...sample, url: urlOf(environment) });
      if (empty.length === 0) return [];
      const [newest] = sample.alerts;
      return [
        {
          summary: `The template of receiver ${name} leaves ${empty.map((label) => `labels.${label}`).join(", ")} empty`,
          detail: `The newest alert of its route has no such label, or not all of its group the same: ${newest?.summary}. \`havn receivers preview ${name}\` shows the text.`,
        },
      ];
    },
  };
}

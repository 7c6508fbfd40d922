import { createHmac, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Channel,
  type Clock,
  HavnError,
  type IncidentNote,
  type StatusPageProperties,
  type StatusPageView,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Message } from "../notifiers/index.ts";
import * as store from "../store.ts";
import { affectedServices, type GraphResource } from "./affected.ts";
import { type ComponentState, componentState, type PublishedIncident, statusFiles } from "./status-page.ts";
import * as notes from "./store.ts";

interface DeclaredPage {
  environment: string;
  name: string;
  properties: StatusPageProperties;
}

export interface StatusPagesOptions {
  sql: Sql;
  clock: Clock;
  declared(): DeclaredPage[];
  /** Where the files are written, in a folder `<environment>/<name>` each. */
  directory: string;
  publicUrl(): string;
  graph(environment: string): Promise<readonly GraphResource[]>;
  /** Sends over a channel in the background, the same id once. */
  notify(notice: { id: string; environment: string; channel: Channel; message: Message }): Promise<void>;
  /** Signs the links with which subscribers leave. */
  key: string;
}

export interface StatusPages {
  /** Writes the pages of an environment anew, of all where undefined. Files change only where their content does. */
  refresh(environment: string | null | undefined): Promise<void>;
  /** Tells the subscribers of every page that shows this incident. */
  tell(incident: store.Incident, update: IncidentNote, services: readonly string[]): Promise<void>;
  /** Throws a HavnError where there is no such page. */
  find(environment: string, name: string): DeclaredPage;
  /** Every page that is declared, as it stands. */
  list(): Promise<StatusPageView[]>;
  /** What somebody says of a component; operational takes that back. Throws a HavnError where there is none. */
  say(
    page: { environment: string; name: string },
    said: { component: string; state: ComponentState; note: string; by: string },
  ): Promise<void>;
  read(environment: string, name: string, file: "index.html" | "status.json" | "feed.xml"): Promise<string>;
  subscribe(
    page: { environment: string; name: string },
    subscriber: { kind: "email" | "webhook"; target: string },
  ): Promise<notes.Subscriber>;
  /** By the token of a link. False for one that is not ours, or whose subscriber is gone. */
  unsubscribe(token: string): Promise<boolean>;
}

/** What has been over for so long is no longer told. */
const shownMs = 90 * 86_400_000;

export function createStatusPages(options: StatusPagesOptions): StatusPages {
  const { sql, clock, declared } = options;
  const folderOf = ({ environment, name }: DeclaredPage) => join(options.directory, environment, name);
  const urlOf = ({ environment, name }: DeclaredPage) =>
    `${options.publicUrl()}/status/${environment}/${name}/`;
  let writing: Promise<void> = Promise.resolve();

  function find(environment: string, name: string): DeclaredPage {
    const found = declared().find((one) => one.environment === environment && one.name === name);
    if (found) return found;
    throw new HavnError(`There is no status page ${name} in ${environment}`, { status: 404 });
  }

  async function publishedOf(environment: string): Promise<PublishedIncident[]> {
    const all = await store.listIncidents(sql);
    const shown = all.filter(
      (one) =>
        one.public &&
        (one.environment === environment || one.environment === null) &&
        (one.resolvedAt === null || one.resolvedAt > clock.now() - shownMs),
    );
    const graph = shown.length === 0 ? [] : await options.graph(environment);
    const published = shown.map(async (one): Promise<PublishedIncident> => {
      const updates = (await notes.listNotes(sql, one.id)).filter(({ kind }) => kind === "update");
      const { id, title, severity, status, openedAt, resolvedAt } = one;
      return {
        ...{ id, title, severity, status, openedAt, resolvedAt },
        services: [...new Set([...one.services, ...affectedServices(graph, one.alerts)])].sort(),
        updates: updates.map(({ at, status: then, text }) => ({ at, status: then ?? status, text })),
      };
    });
    return (await Promise.all(published)).sort((left, right) => right.openedAt - left.openedAt);
  }

  async function incidentsOf(page: DeclaredPage): Promise<PublishedIncident[]> {
    const own = new Set(page.properties.components.flatMap(({ services }) => services));
    return (await publishedOf(page.environment)).flatMap((one) => {
      // What else it concerns is nobody's business here, and neither is what concerns other services alone.
      const services = one.services.filter((service) => own.has(service));
      return one.services.length > 0 && services.length === 0 ? [] : [{ ...one, services }];
    });
  }

  async function viewOf(page: DeclaredPage): Promise<StatusPageView> {
    const { environment, name, properties } = page;
    const [incidents, said, subscribers] = await Promise.all([
      incidentsOf(page),
      notes.listSaid(sql, environment, name),
      notes.listSubscribers(sql, environment, name),
    ]);
    const { title, visibility, components } = properties;
    return {
      ...{ environment, name, title, visibility, subscribers: subscribers.length },
      url: visibility === "public" ? `/status/${environment}/${name}/` : null,
      files: `status/${environment}/${name}`,
      components: components.map((component) => {
        const own = said.find((one) => one.component === component.name);
        return {
          ...component,
          state: componentState(component, incidents, own?.state),
          said: own ? { state: own.state, note: own.note, by: own.by, at: own.at } : null,
        };
      }),
      incidents: incidents.map(({ id, title: what, status, severity, openedAt, resolvedAt, updates }) => ({
        ...{ id, title: what, status, severity, openedAt, resolvedAt, updates: updates.length },
      })),
    };
  }

  async function write(page: DeclaredPage): Promise<void> {
    const incidents = await incidentsOf(page);
    const said = await notes.listSaid(sql, page.environment, page.name);
    const files = statusFiles(page.properties, incidents, { url: urlOf(page), said });
    const folder = folderOf(page);
    await mkdir(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      if ((await readFile(path, "utf8").catch(() => undefined)) === content) continue;
      const whole = `${path}.new`;
      await writeFile(whole, content);
      await rename(whole, path);
    }
  }

  async function writeAll(environment: string | null | undefined): Promise<void> {
    const pages = declared().filter((page) => environment == null || page.environment === environment);
    for (const page of pages) await write(page);
    if (environment === undefined) await removeOthers(options.directory, new Set(pages.map(folderOf)));
  }

  const sign = (id: string) =>
    createHmac("sha256", options.key).update(`subscriber ${id}`).digest("base64url");

  return {
    refresh(environment) {
      writing = writing.then(
        () => writeAll(environment),
        () => writeAll(environment),
      );
      return writing;
    },
    async tell(incident, update, services) {
      for (const page of declared()) {
        if (incident.environment !== null && page.environment !== incident.environment) continue;
        const shown = page.properties.components.filter((one) =>
          one.services.some((name) => services.includes(name)),
        );
        if (shown.length === 0 && services.length > 0) continue;
        for (const subscriber of await notes.listSubscribers(sql, page.environment, page.name)) {
          const channel = channelOf(subscriber, page.properties);
          if (!channel) continue;
          const leave = `${options.publicUrl()}/status/leave/${subscriber.id}.${sign(subscriber.id)}`;
          const id = `status:${update.id}:${subscriber.id}`;
          const message: Message = {
            ...{ id, about: `status-${incident.id}`, at: update.at, severity: incident.severity },
            ...{ state: update.status === "resolved" ? "resolved" : "firing", alerts: [], answerable: false },
            subject: `${page.properties.title}: ${incident.title} (${update.status})`,
            text: `${update.text}\n\n${shown.map(({ name }) => name).join(", ")}\nNo more of these: ${leave}`,
            url: `${urlOf(page)}#incident-${incident.id}`,
            leave,
          };
          await options.notify({ id, environment: page.environment, channel, message });
        }
      }
    },
    find,
    list: () => Promise.all(declared().map(viewOf)),
    async say({ environment, name }, { component, ...said }) {
      const { components } = find(environment, name).properties;
      if (!components.some((one) => one.name === component))
        throw new HavnError(`Status page ${name} has no component ${component}`, {
          detail: `It has ${components.map((one) => one.name).join(", ")}.`,
          status: 404,
        });
      await notes.putSaid(sql, { environment, page: name, component, at: clock.now(), ...said });
      await this.refresh(environment);
    },
    async read(environment, name, file) {
      const path = join(folderOf(find(environment, name)), file);
      const content = await readFile(path, "utf8").catch(() => undefined);
      if (content !== undefined) return content;
      await this.refresh(environment);
      return readFile(path, "utf8");
    },
    async subscribe({ environment, name }, { kind, target }) {
      const { properties } = find(environment, name);
      if (kind === "email" && !properties.mail)
        throw new HavnError(`Status page ${name} sends no mail`, {
          detail: "Declare `mail` of the status page first.",
          status: 409,
        });
      const one: notes.Subscriber = { id: randomUUID(), environment, page: name, kind, target };
      if (await notes.insertSubscriber(sql, { ...one, createdAt: clock.now() })) return one;
      throw new HavnError(`${target} is told already`, { status: 409 });
    },
    async unsubscribe(token) {
      const [id = "", signature = ""] = token.split(".");
      return signature === sign(id) && (await notes.deleteSubscriber(sql, id));
    },
  };
}

function channelOf({ kind, target }: notes.Subscriber, { mail }: StatusPageProperties): Channel | undefined {
  if (kind === "webhook") return { kind, url: target };
  return mail && { kind, to: target, ...mail };
}

/** Pages that are declared no more are taken away. */
async function removeOthers(directory: string, declared: ReadonlySet<string>): Promise<void> {
  const namesIn = (folder: string) => readdir(folder).catch((): string[] => []);
  for (const environment of await namesIn(directory))
    for (const name of await namesIn(join(directory, environment))) {
      const folder = join(directory, environment, name);
      if (!declared.has(folder)) await rm(folder, { recursive: true, force: true });
    }
}

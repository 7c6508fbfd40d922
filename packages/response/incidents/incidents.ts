import { randomUUID } from "node:crypto";
import {
  type Clock,
  type Event,
  HavnError,
  type IncidentAction,
  type IncidentNote,
  type NewEvent,
  type Postmortem,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Paging } from "../pages/paging.ts";
import * as store from "../store.ts";
import { affectedServices, type GraphResource } from "./affected.ts";
import { draftPostmortem } from "./postmortem.ts";
import type { StatusPages } from "./status-pages.ts";
import * as notes from "./store.ts";
import { type Suspect, suspects } from "./suspects.ts";

export interface IncidentsOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline & {
    list(filter: { environment?: string; limit?: number; before?: number }): Promise<Event[]>;
  };
  paging: Paging;
  statusPages: StatusPages;
  /** What was applied last in an environment; nothing for one that is not known. */
  graph(environment: string): Promise<readonly (GraphResource & { properties: Record<string, unknown> })[]>;
}

export interface Opening {
  title: string;
  environment?: string | undefined;
  severity: store.Incident["severity"];
  services?: readonly string[] | undefined;
  public?: boolean | undefined;
}

/** Where to look, over the time of an incident. */
export interface IncidentLink {
  kind: "chart" | "logs";
  title: string;
  /** PromQL of a chart, labels of logs. */
  expr?: string;
  labels?: Record<string, string>;
  from: number;
  to: number;
}

export interface IncidentDetail {
  incident: store.Incident;
  services: string[];
  timeline: Event[];
  suspects: Suspect[];
  links: IncidentLink[];
  notes: IncidentNote[];
  actions: IncidentAction[];
  pages: store.Page[];
  attempts: store.Attempt[];
}

export interface Incidents {
  get(id: number): Promise<IncidentDetail>;
  open(opening: Opening, by: string): Promise<store.Incident>;
  note(id: number, note: { text: string; by: string; kind: "note" | "chat" }): Promise<IncidentNote>;
  /** Tells stakeholders; `monitoring` says that the trouble is over for users. */
  update(
    id: number,
    update: { text: string; status: store.Incident["status"]; by: string },
  ): Promise<IncidentNote>;
  change(id: number, change: notes.IncidentChange, by: string): Promise<store.Incident>;
  /** False where it was resolved before. */
  resolve(id: number, by: string): Promise<boolean>;
  addAction(
    id: number,
    item: { text: string; owner: string; due: string; by: string },
  ): Promise<IncidentAction>;
  completeAction(id: number, by: string): Promise<IncidentAction>;
  /** What somebody has written, else a draft from the timeline. */
  postmortem(id: number): Promise<Postmortem>;
  /** Keeps what somebody has written. Throws a HavnError (409) where another has written since `revision`. */
  writePostmortem(id: number, text: { markdown: string; revision: number; by: string }): Promise<Postmortem>;
  /** Drops what was written: it is drafted anew. */
  redraftPostmortem(id: number, by: string): Promise<Postmortem>;
  /** Tells of action items whose day is over, each once, and sees to it that status pages tell the truth. */
  sweep(): Promise<void>;
}

const hourMs = 3_600_000;

export function createIncidents(options: IncidentsOptions): Incidents {
  const { sql, clock, timeline, paging, statusPages } = options;

  async function find(id: number): Promise<store.Incident> {
    const incident = Number.isSafeInteger(id) ? await store.findIncident(sql, id) : undefined;
    if (!incident)
      throw new HavnError(`There is no incident ${id}`, {
        detail: "`havn incidents` lists them.",
        status: 404,
      });
    return incident;
  }

  const tell = (
    incident: store.Incident,
    kind: string,
    event: Omit<NewEvent, "kind" | "environment">,
  ): Promise<void> =>
    timeline.write({
      ...{ kind: `incident.${kind}`, environment: incident.environment ?? undefined, ...event },
      data: { incident: incident.id, ...event.data },
    });

  async function servicesOf(incident: store.Incident): Promise<string[]> {
    const resources = incident.environment === null ? [] : await options.graph(incident.environment);
    return [...new Set([...incident.services, ...affectedServices(resources, incident.alerts)])].sort();
  }

  async function get(id: number): Promise<IncidentDetail> {
    const incident = await find(id);
    const pages = await store.listPages(sql, id);
    const [events, services] = await Promise.all([eventsAround(timeline, incident), servicesOf(incident)]);
    return {
      ...{ incident, services },
      timeline: events.filter(({ at }) => at >= incident.openedAt - 60_000),
      suspects: suspects(events, incident),
      links: await linksOf(incident, services),
      notes: await notes.listNotes(sql, id),
      actions: await notes.listActions(sql, { incident: id }),
      pages,
      attempts: await store.listAttempts(
        sql,
        pages.map((page) => page.id),
      ),
    };
  }

  /** Charts of the rules that fired, and logs of where it was, from half an hour before on. */
  async function linksOf(incident: store.Incident, services: readonly string[]): Promise<IncidentLink[]> {
    const { environment, alerts } = incident;
    if (environment === null) return [];
    const span = { from: incident.openedAt - hourMs / 2, to: incident.resolvedAt ?? clock.now() };
    const resources = await options.graph(environment);
    const rules = new Set(alerts.map(({ labels }) => labels.alertname));
    const charts = resources.flatMap(({ type, name, properties }): IncidentLink[] =>
      type === "alert" && rules.has(name) && typeof properties["expr"] === "string"
        ? [{ kind: "chart", title: name, expr: properties["expr"], ...span }]
        : [],
    );
    const hosts = new Set(alerts.flatMap(({ labels }) => labels.host ?? []));
    const logs = [...services.map((service) => ({ service })), ...[...hosts].map((host) => ({ host }))].map(
      (labels): IncidentLink => ({
        ...{
          kind: "logs",
          title: Object.values(labels).join(),
          labels: { env: environment, ...labels },
          ...span,
        },
      }),
    );
    return [...charts, ...logs];
  }

  async function postmortem(id: number): Promise<Postmortem> {
    const written = await notes.findPostmortem(sql, (await find(id)).id);
    if (written) return written;
    const { incident, services, timeline: events, suspects: found, actions, attempts } = await get(id);
    const people = [...new Set(attempts.flatMap(({ person }) => person ?? []))].sort();
    const markdown = draftPostmortem({ incident, services, suspects: found, events, actions, people });
    return { markdown, revision: 0, editedAt: null, editedBy: null };
  }

  async function published(incident: store.Incident): Promise<void> {
    if (incident.public) await statusPages.refresh(incident.environment);
  }

  return {
    get,
    async open({ title, environment = null, severity, services, public: isPublic }, by) {
      const at = clock.now();
      const incident = await sql.begin(async (transaction) => {
        const opened = await store.insertIncident(transaction, {
          ...{ key: `by hand ${randomUUID()}`, environment, title, severity, alerts: [] },
          ...{ openedAt: at, openedBy: by, troubleAt: null },
        });
        await notes.updateIncident(transaction, opened.id, { services, public: isPublic });
        return opened;
      });
      await tell(incident, "opened", {
        ...{ severity: "error", actor: by, key: `incident:${incident.id}:opened` },
        summary: `Incident ${incident.id}: ${title}`,
      });
      const opened = await find(incident.id);
      await published(opened);
      return opened;
    },
    async note(id, { text, by, kind }) {
      const incident = await find(id);
      const note = await notes.insertNote(sql, id, { at: clock.now(), by, kind, status: null, text });
      await tell(incident, "note", {
        ...{ summary: `${by} on incident ${id}: ${text}`.slice(0, 500), actor: by },
        key: `incident:${id}:note:${note.id}`,
      });
      return note;
    },
    async update(id, { text, status, by }) {
      const incident = await find(id);
      const at = clock.now();
      const note = await sql.begin(async (transaction) => {
        await notes.updateIncident(transaction, id, {
          status,
          ...(status === "monitoring" && { mitigatedAt: at }),
        });
        return notes.insertNote(transaction, id, { ...{ at, by, kind: "update", status, text } });
      });
      await tell(incident, "updated", {
        ...{ summary: `Incident ${id} is ${status}: ${text}`.slice(0, 500), actor: by, data: { status } },
        key: `incident:${id}:update:${note.id}`,
      });
      const now = await find(id);
      await published(now);
      if (now.public) await statusPages.tell(now, note, await servicesOf(now));
      return note;
    },
    async change(id, change, by) {
      const before = await find(id);
      const roles = change.roles && withoutEmpty({ ...before.roles, ...change.roles });
      await notes.updateIncident(sql, id, { ...change, roles });
      const incident = await find(id);
      const said = differences(before, incident);
      if (said.length > 0)
        await tell(incident, "changed", { summary: `Incident ${id}: ${said.join(", ")}`, actor: by });
      if (incident.public || before.public) await statusPages.refresh(incident.environment);
      return incident;
    },
    async resolve(id, by) {
      const incident = await find(id);
      const resolved = await store.resolveIncident(sql, id, by, clock.now());
      for (const page of await store.listPages(sql, id)) paging.wake(page.id);
      if (!resolved) return false;
      await tell(incident, "resolved", {
        ...{ summary: `Incident ${id} is over: ${incident.title}`, actor: by },
        key: `incident:${id}:resolved`,
      });
      await published(incident);
      return true;
    },
    async addAction(id, { text, owner, due, by }) {
      const incident = await find(id);
      const at = { createdAt: clock.now(), createdBy: by };
      const action = await notes.insertAction(sql, { incident: id, text, owner, due, ...at });
      await tell(incident, "action", {
        ...{ summary: `${owner} is to: ${text} (incident ${id}, until ${due})`, actor: by },
        ...{ data: { action: action.id, owner, due }, key: `incident:action:${action.id}` },
      });
      return action;
    },
    async completeAction(id, by) {
      const action = await notes.completeAction(sql, id, { at: clock.now(), by });
      if (!action) throw new HavnError(`There is no action item ${id}`, { status: 404 });
      await tell(await find(action.incident), "action-done", {
        ...{ summary: `Done: ${action.text} (incident ${action.incident})`, actor: by },
        ...{ data: { action: id }, key: `incident:action:${id}:done` },
      });
      return action;
    },
    postmortem,
    async writePostmortem(id, { markdown, revision, by }) {
      const incident = await find(id);
      const written = await notes.putPostmortem(sql, id, { markdown, revision, at: clock.now(), by });
      if (written === undefined)
        throw new HavnError("Somebody else has edited this postmortem meanwhile", {
          detail: "Load it anew, and write your changes into theirs.",
          status: 409,
        });
      await tell(incident, "postmortem", {
        ...{ summary: `${by} wrote the postmortem of incident ${id}`, actor: by },
        key: `incident:${id}:postmortem:${written}`,
      });
      return postmortem(id);
    },
    async redraftPostmortem(id, by) {
      const incident = await find(id);
      await notes.deletePostmortem(sql, id);
      await tell(incident, "postmortem", {
        summary: `The postmortem of incident ${id} is drafted anew`,
        actor: by,
      });
      return postmortem(id);
    },
    async sweep() {
      const today = new Date(clock.now()).toISOString().slice(0, 10);
      for (const { id, incident, text, owner, due } of await notes.listActions(sql, { open: true }))
        if (due < today)
          await tell(await find(incident), "action-overdue", {
            ...{
              severity: "warning",
              summary: `${owner} was to do by ${due}: ${text} (incident ${incident})`,
            },
            ...{ data: { action: id, owner, due }, key: `incident:action:${id}:overdue` },
          });
      await statusPages.refresh(undefined);
    },
  };
}

const withoutEmpty = (roles: Record<string, string>) =>
  Object.fromEntries(Object.entries(roles).filter(([, person]) => person !== ""));

function differences(before: store.Incident, after: store.Incident): string[] {
  const said: string[] = [];
  if (before.title !== after.title) said.push(`it is called ${after.title}`);
  if (before.severity !== after.severity) said.push(`its severity is ${after.severity}`);
  if (before.public !== after.public)
    said.push(after.public ? "status pages tell of it" : "status pages tell no more of it");
  for (const role of new Set([...Object.keys(before.roles), ...Object.keys(after.roles)]))
    if (before.roles[role] !== after.roles[role]) said.push(`${role}: ${after.roles[role] ?? "nobody"}`);
  if (before.services.join() !== after.services.join()) said.push(`it concerns ${after.services.join(", ")}`);
  return said;
}

/** From an hour before it opened until ten minutes after its end, oldest first. */
async function eventsAround(
  timeline: IncidentsOptions["timeline"],
  incident: store.Incident,
): Promise<Event[]> {
  const environment = incident.environment === null ? {} : { environment: incident.environment };
  const [from, to] = [incident.openedAt - hourMs, (incident.resolvedAt ?? Number.MAX_VALUE) + 600_000];
  const isOf = ({ data, kind }: Event) =>
    !kind.startsWith("incident.") || data["incident"] === undefined || data["incident"] === incident.id;
  const found: Event[] = [];
  let before: number | undefined;
  for (let pages = 0; pages < 20; pages++) {
    const events = await timeline.list({
      ...environment,
      limit: 1000,
      ...(before !== undefined && { before }),
    });
    found.push(...events.filter((event) => event.at >= from && event.at <= to && isOf(event)));
    before = events.at(-1)?.id;
    if (before === undefined || (events.at(-1)?.at ?? 0) < from) break;
  }
  return found.reverse();
}

import type {
  AlertRule,
  AlertView,
  Asked,
  CheckResult,
  CheckView,
  Event,
  IncidentAction,
  IncidentMetrics,
  IncidentNote,
  IncidentSummary,
  OnCallSegment,
  PagingView,
  Postmortem,
  ReceiverPreview,
  ReceiverTest,
  ReceiverView,
  RuleGroup,
  Runbook,
  RunbookRun,
  RunbookStep,
  ScheduleView,
  StatusPageView,
} from "@havn/model";
import type { Query, RequestOptions } from "./api.ts";

type Send = <T>(method: string, path: string, options?: RequestOptions) => Promise<T>;

export interface SilenceMatcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

/** As Alertmanager's API tells it; times are ISO 8601. */
export interface SilenceView {
  id: string;
  status: { state: "pending" | "active" | "expired" };
  matchers: SilenceMatcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

export interface Covered {
  labels: Record<string, string>;
  summary: string;
}

/** What a silence would do: what fires now, what may later, and what it would have held back lately. */
export interface SilencePreview {
  alerts: Covered[];
  checks: CoveredSubject[];
  rules: CoveredSubject[];
  resources: CoveredSubject[];
  pages: { days: number; sent: number; held: number };
}

export interface CoveredSubject {
  address: string;
  name: string;
  environment: string;
  certainty: "yes" | "maybe";
}

export interface Maintenance {
  id: string;
  environment: string;
  host: string | null;
  from: number;
  until: number;
  reason: string;
  actor: string;
  hosts: string[];
  recurring: { zone: string; for: string; rrule?: string; schedule?: string } | null;
  match: string[];
  next: Opening[];
}

export interface MaintenanceList {
  maintenance: Maintenance[];
  /** Of hosts, open now. */
  windows: { host: string; environment: string; why: string }[];
  declared: DeclaredWindow[];
}

export interface Opening {
  from: number;
  until: number;
}

export interface DeclaredWindow {
  environment: string;
  source: "declared" | "host";
  name: string;
  of: string[] | null;
  match: string[];
  reason: string;
  when: string;
  zone: string;
  for: string;
  next: Opening[];
}

/** When and where; `for` is how long once, `recurring` when again and again. */
export interface WantedMaintenance {
  environment: string;
  host?: string | undefined;
  of?: string[] | undefined;
  match?: string[] | undefined;
  recurring?: { rrule: string; from: string; zone: string; for: string } | undefined;
}

export interface CheckDetail {
  view: CheckView;
  properties: Record<string, unknown>;
  dependsOn: string[];
  heartbeat?: string;
}

export interface IncidentPage {
  id: string;
  state: "open" | "acknowledged" | "resolved";
  round: number;
  level: number;
  levels: { people: { person: string; because: string }[]; timeout: number }[];
  acknowledgedBy: string | null;
  acknowledgedAt: number | null;
  acknowledgedUntil: number | null;
}

export interface IncidentDetail {
  incident: IncidentSummary;
  services: string[];
  timeline: Event[];
  suspects: { event: Event; score: number; evidence: string[] }[];
  links: {
    kind: "chart" | "logs";
    title: string;
    expr?: string;
    labels?: Record<string, string>;
    from: number;
    to: number;
  }[];
  notes: IncidentNote[];
  actions: IncidentAction[];
  pages: IncidentPage[];
  attempts: Asked[];
}

export interface OnCallNow {
  environment: string;
  name: string;
  zone: string;
  now: OnCallSegment;
  next?: OnCallSegment;
  gaps: OnCallSegment[];
}

export interface IncidentChange {
  title?: string;
  severity?: IncidentSummary["severity"];
  roles?: Record<string, string>;
  public?: boolean;
}

export interface ReceiverAsked {
  alert?: string;
  template: { subject?: string; text?: string };
}

export type ComponentState = StatusPageView["components"][number]["state"];

const part = encodeURIComponent;

/** Routes of alerting and response, typed. */
export function respondApi(send: Send) {
  const get = <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
    send<T>("GET", path, { query, signal });
  const post = <T>(path: string, body: unknown = {}) => send<T>("POST", path, { body });
  return {
    ...alertingApi(get, post, send),
    ...incidentApi(get, post, send),
    ...peopleApi(get, post, send),
  };
}

type Get = <T>(path: string, query?: Query, signal?: AbortSignal) => Promise<T>;
type Post = <T>(path: string, body?: unknown) => Promise<T>;

const alertingApi = (get: Get, post: Post, send: Send) => ({
  alertViews: (environment: string, signal?: AbortSignal) =>
    get<{ alerts: AlertView[] }>("/api/v1/alerts/routed", { environment }, signal),
  alertView: (environment: string, fingerprint: string, signal?: AbortSignal) =>
    get<{ alert: AlertView; rule?: AlertRule }>(
      `/api/v1/alerts/${part(fingerprint)}`,
      { environment },
      signal,
    ),
  rules: (environment: string, signal?: AbortSignal) =>
    get<{ groups: RuleGroup[] }>("/api/v1/rules", { environment }, signal),
  silences: (signal?: AbortSignal) => get<SilenceView[]>("/api/v2/silences", {}, signal),
  silence: (one: Omit<SilenceView, "id" | "status"> & { id?: string | undefined }) =>
    post<{ silenceID: string }>("/api/v2/silences", one),
  expireSilence: (id: string) => send<unknown>("DELETE", `/api/v2/silence/${part(id)}`),
  previewSilence: (matchers: string[], signal?: AbortSignal) =>
    send<SilencePreview>("POST", "/api/v1/silences/preview", { body: { matchers }, signal }),
  maintenance: (signal?: AbortSignal) => get<MaintenanceList>("/api/v1/maintenance", {}, signal),
  beginMaintenance: (one: WantedMaintenance & { for?: string | undefined; reason: string }) =>
    post<Maintenance>("/api/v1/maintenance", one),
  previewMaintenance: (one: WantedMaintenance, signal?: AbortSignal) =>
    send<{ next: Opening[]; covers: SilencePreview }>("POST", "/api/v1/maintenance/preview", {
      body: one,
      signal,
    }),
  endMaintenance: (id: string) => send<Maintenance>("DELETE", `/api/v1/maintenance/${part(id)}`),
  checks: (environment: string, signal?: AbortSignal) =>
    get<{ checks: CheckView[] }>("/api/v1/checks", { environment }, signal),
  check: (environment: string, name: string, signal?: AbortSignal) =>
    get<CheckDetail>(`/api/v1/checks/${part(environment)}/${part(name)}`, {}, signal),
  runCheck: (environment: string, name: string) =>
    post<{ result: CheckResult }>(`/api/v1/checks/${part(environment)}/${part(name)}/run`),
});

const incidentApi = (get: Get, post: Post, send: Send) => ({
  paging: (environment: string, signal?: AbortSignal) =>
    get<{ paging: PagingView[] }>("/api/v1/paging", { environment }, signal),
  incidents: (signal?: AbortSignal) => get<{ incidents: IncidentSummary[] }>("/api/v1/incidents", {}, signal),
  incident: (id: string, signal?: AbortSignal) =>
    get<IncidentDetail>(`/api/v1/incidents/${part(id)}`, {}, signal),
  incidentMetrics: (query: Query, signal?: AbortSignal) =>
    get<IncidentMetrics>("/api/v1/incident-metrics", query, signal),
  openIncident: (one: {
    title: string;
    environment: string;
    severity: IncidentSummary["severity"];
    public?: boolean;
  }) => post<IncidentSummary>("/api/v1/incidents", one),
  changeIncident: (id: number, change: IncidentChange) =>
    send<IncidentSummary>("PATCH", `/api/v1/incidents/${id}`, { body: change }),
  noteIncident: (id: number, text: string) => post<IncidentNote>(`/api/v1/incidents/${id}/notes`, { text }),
  updateIncident: (id: number, update: { text: string; status: string }) =>
    post<IncidentNote>(`/api/v1/incidents/${id}/updates`, update),
  acknowledgeIncident: (id: number) => post<{ done: boolean }>(`/api/v1/incidents/${id}/acknowledge`),
  resolveIncident: (id: number, text: string) =>
    post<{ done: boolean }>(`/api/v1/incidents/${id}/resolve`, text === "" ? {} : { text }),
  addAction: (id: number, one: { text: string; owner: string; due: string }) =>
    post<IncidentAction>(`/api/v1/incidents/${id}/actions`, one),
  completeAction: (id: number) => post<IncidentAction>(`/api/v1/incident-actions/${id}/done`),
  statusPages: (signal?: AbortSignal) => get<{ pages: StatusPageView[] }>("/api/v1/status-pages", {}, signal),
  sayComponent: (
    { environment, name }: { environment: string; name: string },
    said: { component: string; state: ComponentState; note: string },
  ) =>
    send<{ done: boolean }>("PUT", `/api/v1/status-pages/${part(environment)}/${part(name)}/components`, {
      body: said,
    }),
  postmortem: (id: number, signal?: AbortSignal) =>
    get<Postmortem>(`/api/v1/incidents/${id}/postmortem`, {}, signal),
  writePostmortem: (id: number, one: { markdown: string; revision: number }) =>
    send<Postmortem>("PUT", `/api/v1/incidents/${id}/postmortem`, { body: one }),
  redraftPostmortem: (id: number) => send<Postmortem>("DELETE", `/api/v1/incidents/${id}/postmortem`),
});

type Named = { environment: string; name: string };
const receiverPath = ({ environment, name }: Named) => `/api/v1/receivers/${part(environment)}/${part(name)}`;

const peopleApi = (get: Get, post: Post, send: Send) => ({
  receivers: (environment: string, signal?: AbortSignal) =>
    get<{ receivers: ReceiverView[] }>("/api/v1/receivers", { environment }, signal),
  previewReceiver: (of: Named, asked: ReceiverAsked, signal?: AbortSignal) =>
    send<ReceiverPreview>("POST", `${receiverPath(of)}/preview`, { body: asked, signal }),
  testReceiver: (of: Named, asked: ReceiverAsked) => post<ReceiverTest>(`${receiverPath(of)}/test`, asked),
  onCall: (signal?: AbortSignal) => get<{ schedules: OnCallNow[] }>("/api/v1/oncall", {}, signal),
  schedule: (environment: string, name: string, span: { from: number; to: number }, signal?: AbortSignal) =>
    get<ScheduleView>(`/api/v1/schedules/${part(environment)}/${part(name)}`, { ...span }, signal),
  override: (
    { environment, name }: { environment: string; name: string },
    one: { from: number; to: number; person: string; out?: string | undefined },
  ) => post<{ id: string }>(`/api/v1/schedules/${part(environment)}/${part(name)}/overrides`, one),
  endOverride: (id: string) => send<{ done: boolean }>("DELETE", `/api/v1/overrides/${part(id)}`),
  runbooks: (signal?: AbortSignal) => get<{ runbooks: Runbook[] }>("/api/v1/runbooks", {}, signal),
  runbookRuns: (query: Query, signal?: AbortSignal) =>
    get<{ runs: RunbookRun[] }>("/api/v1/runbook-runs", query, signal),
  runbookRun: (id: string, signal?: AbortSignal) =>
    get<{ run: RunbookRun; steps: RunbookStep[] }>(`/api/v1/runbook-runs/${part(id)}`, {}, signal),
  startRunbook: (
    { environment, name }: { environment: string; name: string },
    start: { dryRun: boolean; with?: unknown },
  ) => post<RunbookRun>(`/api/v1/runbooks/${part(environment)}/${part(name)}/runs`, start),
  answerRun: (id: string, answer: { answer: string; step?: string }) =>
    post<{ done: boolean }>(`/api/v1/runbook-runs/${part(id)}/answer`, answer),
  stopRun: (id: string) => post<{ done: boolean }>(`/api/v1/runbook-runs/${part(id)}/stop`),
});

import type {
  Alert,
  Apply,
  Dashboard,
  DashboardProperties,
  DashboardSummary,
  DashboardVersion,
  EnvironmentStatus,
  Event,
  Health,
  InventoryKind,
  LogRecord,
  Plan,
  Problem,
  PropertyChange,
  Release,
  ResourceGraph,
} from "@havn/model";
import { respondApi } from "./respond-api.ts";

/** A failed answer, as the server told it. `status` 0: the server could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly detail: string;
  constructor(status: number, summary: string, detail: string) {
    super(summary);
    this.status = status;
    this.detail = detail;
  }
}

export interface Session {
  actor: string;
  role: "viewer" | "operator" | "admin";
  csrfToken?: string;
}

export interface EnvironmentSummary {
  environment: string;
  health: Health;
  hosts: number;
  services: number;
  alerts: number;
}

export interface DriftedResource {
  address: string;
  host: string;
  action: string;
  changes: PropertyChange[];
  error?: string;
}

/** What is on a host that its distribution did not put there and nobody declares. */
export interface Unmanaged {
  items: { kind: InventoryKind; type: string; name: string }[];
  notes: { kind: InventoryKind; name: string; note: string }[];
}

/** One series of a Prometheus answer; values are [seconds, text]. */
export interface PrometheusSeries {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

export interface DashboardKey {
  environment: string;
  name: string;
}

export interface ImportedDashboard {
  name: string;
  notes: string[];
  dashboard: DashboardProperties;
  saved?: DashboardSummary;
}

export type Query = Record<string, string | number | undefined>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  form?: Record<string, string | number>;
  signal?: AbortSignal | undefined;
}

export type Api = ReturnType<typeof createApi>;

/** The routes that the page uses, typed. Changes carry the session's CSRF token; a 401 calls `onSignedOut`. */
export function createApi(onSignedOut: () => void) {
  let csrfToken = "";

  async function send<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const response = await fetch(withQuery(path, options.query), {
      method,
      headers: {
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...(method === "GET" ? {} : { "x-havn-csrf": csrfToken }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.form && { body: searchOf(options.form) }),
      ...(options.signal ? { signal: options.signal } : {}),
    }).catch((cause: unknown) => {
      if (options.signal?.aborted) throw cause;
      throw new ApiError(0, "", "");
    });
    if (response.status === 401 && path !== "/api/v1/sessions") onSignedOut();
    if (!response.ok) throw await errorOf(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
  const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
    send<T>("GET", `/api/v1${path}`, { ...(query ? { query } : {}), signal });

  const dashboard = (environment: string, name: string) =>
    `/dashboards/${encodeURIComponent(environment)}/${encodeURIComponent(name)}`;
  const environment = (name: string) => `/environments/${encodeURIComponent(name)}`;
  return {
    ...respondApi(send),
    async session(): Promise<Session> {
      const session = await get<Session>("/session");
      csrfToken = session.csrfToken ?? "";
      return session;
    },
    async signIn(code: string): Promise<Session> {
      const session = await send<Session>("POST", "/api/v1/sessions", { body: { code } });
      csrfToken = session.csrfToken ?? "";
      return session;
    },
    signOut: () => send<void>("DELETE", "/api/v1/sessions"),
    environments: (signal?: AbortSignal) =>
      get<{ environments: EnvironmentSummary[] }>("/environments", undefined, signal),
    status: (name: string, signal?: AbortSignal) =>
      get<EnvironmentStatus>(`${environment(name)}/status`, undefined, signal),
    graph: (name: string, signal?: AbortSignal) =>
      get<ResourceGraph>(`${environment(name)}/graph`, undefined, signal),
    unmanaged: (name: string, host: string, signal?: AbortSignal) =>
      get<Unmanaged>(`${environment(name)}/hosts/${encodeURIComponent(host)}/unmanaged`, undefined, signal),
    drift: (name: string, signal?: AbortSignal) =>
      get<{ drift: DriftedResource[]; checkedAt?: number }>(`${environment(name)}/drift`, undefined, signal),
    releases: (name: string, service: string, signal?: AbortSignal) =>
      get<{ releases: Release[] }>(`${environment(name)}/releases`, { service }, signal),
    rollback: (name: string, service: string) =>
      send<Apply>("POST", `/api/v1${environment(name)}/rollback`, { body: { service } }),
    apply: (id: string, signal?: AbortSignal) =>
      get<Apply>(`/applies/${encodeURIComponent(id)}`, undefined, signal),
    applies: (name: string, signal?: AbortSignal) =>
      get<{ applies: Apply[] }>("/applies", { environment: name, steps: "false" }, signal),
    plan: (id: string, signal?: AbortSignal) =>
      get<Plan>(`/plans/${encodeURIComponent(id)}`, undefined, signal),
    planRevert: (applyId: string, signal?: AbortSignal) =>
      send<Plan>("POST", "/api/v1/reverts", { body: { applyId }, signal }),
    startApply: (planId: string) => send<Apply>("POST", "/api/v1/applies", { body: { planId } }),
    events: (query: Query, signal?: AbortSignal) => get<{ events: Event[] }>("/events", query, signal),
    alerts: (query: Query, signal?: AbortSignal) => get<{ alerts: Alert[] }>("/alerts", query, signal),
    logs: (query: Query, signal?: AbortSignal) => get<{ records: LogRecord[] }>("/logs", query, signal),
    dashboards: (name: string, signal?: AbortSignal) =>
      get<{ dashboards: DashboardSummary[] }>("/dashboards", { environment: name }, signal),
    dashboard: (at: DashboardKey, signal?: AbortSignal) =>
      get<Dashboard>(dashboard(at.environment, at.name), undefined, signal),
    saveDashboard: (
      at: DashboardKey,
      body: { dashboard: DashboardProperties; revision?: number | undefined; settled?: boolean | undefined },
    ) => send<Dashboard>("PUT", `/api/v1${dashboard(at.environment, at.name)}`, { body }),
    discardDashboard: (at: DashboardKey, revision: number) =>
      send<{ dashboard?: Dashboard }>("DELETE", `/api/v1${dashboard(at.environment, at.name)}`, {
        query: { revision },
      }),
    dashboardHistory: (at: DashboardKey, signal?: AbortSignal) =>
      get<{ versions: DashboardVersion[] }>(
        `${dashboard(at.environment, at.name)}/history`,
        undefined,
        signal,
      ),
    restoreDashboard: (at: DashboardKey, revision: number) =>
      send<Dashboard>("POST", `/api/v1${dashboard(at.environment, at.name)}/restore`, { body: { revision } }),
    exportDashboard: (at: DashboardKey, signal?: AbortSignal) =>
      get<{ typescript: string }>(`${dashboard(at.environment, at.name)}/export`, undefined, signal),
    importDashboard: (
      name: string,
      body: { grafana: unknown; name?: string | undefined; replace?: boolean; preview?: boolean },
    ) => send<ImportedDashboard>("POST", `/api/v1/dashboards/${encodeURIComponent(name)}`, { body }),
    /** Values of a label among the series that `match` selects; of all series where it is undefined. */
    labelValues: async (
      label: string,
      given: { match: string | undefined; start: number; end: number },
      signal?: AbortSignal,
    ) =>
      (
        await send<{ data: string[] }>(
          "GET",
          `/prometheus/api/v1/label/${encodeURIComponent(label)}/values`,
          {
            query: { "match[]": given.match, start: given.start, end: given.end },
            signal,
          },
        )
      ).data,
    /** Prometheus' API asked by a form: its queries may be longer than an address. */
    prometheus: <T>(endpoint: string, form: Record<string, string | number>, signal?: AbortSignal) =>
      send<T>("POST", `/prometheus/api/v1/${endpoint}`, { form, signal }),
    /** Instant query; the newest value of each series. */
    query: (expr: string, signal?: AbortSignal) => prometheus(send, "query", { query: expr }, signal),
    /** Times in seconds since the epoch. */
    queryRange: (range: { expr: string; start: number; end: number; step: number }, signal?: AbortSignal) =>
      prometheus(
        send,
        "query_range",
        { query: range.expr, start: range.start, end: range.end, step: range.step },
        signal,
      ),
  };
}

async function prometheus(
  send: <T>(method: string, path: string, options: RequestOptions) => Promise<T>,
  endpoint: string,
  query: Query,
  signal?: AbortSignal,
): Promise<PrometheusSeries[]> {
  const answer = await send<{ data: { result: PrometheusSeries[] } }>(
    "GET",
    `/prometheus/api/v1/${endpoint}`,
    { query, signal },
  );
  return answer.data.result;
}

function searchOf(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") search.set(name, String(value));
  return search;
}

function withQuery(path: string, query: Query = {}): string {
  const search = searchOf(query);
  return search.size > 0 ? `${path}?${search}` : path;
}

async function errorOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => undefined)) as
    | { error?: Problem["error"] | string }
    | string
    | undefined;
  // Alertmanager's API tells its errors as bare JSON texts.
  const error = (typeof problem === "string" ? problem : problem?.error) ?? {
    summary: response.statusText,
    detail: "",
  };
  // Prometheus' API tells its errors as plain text.
  const { summary, detail } = typeof error === "string" ? { summary: error, detail: "" } : error;
  return new ApiError(response.status, summary, detail);
}

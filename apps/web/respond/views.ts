import type { AlertView, PagingView } from "@havn/model";
import type { MaintenanceList } from "../kit/respond-api.ts";
import { matchesAll, parseMatchers } from "./matchers.ts";

/** How an alert stands for whoever looks after it. */
export type Stand = "firing" | "suppressed" | "pending" | "resolved";

export interface Situation {
  alerts: AlertView[];
  paging: PagingView[];
  maintenance: MaintenanceList;
}

/** An alert with all that concerns it. */
export interface Row {
  alert: AlertView;
  stand: Stand;
  /** Why its host is left alone; undefined where it is not. */
  maintenance: string | undefined;
  paging: PagingView | undefined;
}

export interface Filter {
  /** Matchers, or any text. */
  text: string;
  state: "active" | Stand | "all";
  severity: string;
}

export interface Group {
  key: string;
  /** undefined: no route takes them. */
  receiver: string | undefined;
  labels: Record<string, string>;
  rows: Row[];
}

export function rowsOf({ alerts, paging, maintenance }: Situation): Row[] {
  const asked = new Map(paging.flatMap((one) => one.alerts.map((labels) => [keyOf(labels), one] as const)));
  return alerts.map((alert) => {
    const host = (alert.labels.host ?? "").split("/").at(-1) ?? "";
    const paused =
      maintenance.maintenance.find((one) => one.environment === alert.environment && one.hosts.includes(host))
        ?.reason ??
      maintenance.windows.find(
        (one) => one.environment === alert.environment && one.host.split("/").at(-1) === host,
      )?.why;
    const reasons = [alert.silencedBy, alert.inhibitedBy, alert.behind, alert.held];
    const held = reasons.some(({ length }) => length > 0);
    return {
      ...{ alert, maintenance: host === "" ? undefined : paused, paging: asked.get(keyOf(alert.routed)) },
      stand: alert.state === "firing" ? (held ? "suppressed" : "firing") : standOf(alert.state),
    };
  });
}

const standOf = (state: AlertView["state"]): Stand => (state === "pending" ? "pending" : "resolved");

export const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

export function fits({ alert, stand }: Row, { text, state, severity }: Filter): boolean {
  if (severity !== "" && alert.severity !== severity) return false;
  if (state === "active" ? stand === "resolved" : state !== "all" && state !== stand) return false;
  if (text.trim() === "") return true;
  const matchers = parseMatchers(text);
  if (matchers) return matchesAll(matchers, alert.routed);
  const words = `${alert.summary} ${Object.values(alert.routed).join(" ")}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

const weight = { critical: 3, warning: 2, info: 1 } as const;
const standing = { firing: 300, pending: 20, suppressed: 10, resolved: 0 } as const;
const worth = ({ alert, stand }: Row) => standing[stand] + weight[alert.severity];
const since = ({ alert }: Row) => alert.resolvedAt ?? alert.firingSince ?? alert.activeSince;

/** By what routes group them (`routing`), or by the values of a label; the worst first. */
export function groupsOf(rows: readonly Row[], by: string): Group[] {
  const groups = new Map<string, Group>();
  const put = (key: string, group: Omit<Group, "key" | "rows">, row: Row) => {
    const known = groups.get(key) ?? { key, ...group, rows: [] };
    known.rows.push(row);
    groups.set(key, known);
  };
  for (const row of rows) {
    if (by !== "routing") {
      const value = row.alert.routed[by];
      put(value ?? "", { receiver: undefined, labels: value === undefined ? {} : { [by]: value } }, row);
      continue;
    }
    for (const { receiver, labels } of row.alert.groups)
      put(`${receiver} ${keyOf(labels)}`, { receiver, labels }, row);
    if (row.alert.groups.length === 0) put("", { receiver: undefined, labels: {} }, row);
  }
  for (const { rows: inside } of groups.values())
    inside.sort((a, b) => worth(b) - worth(a) || since(b) - since(a));
  const worst = ({ rows: [first] }: Group) => (first ? worth(first) : 0);
  return [...groups.values()].sort(
    (a, b) => worst(b) - worst(a) || Number(a.key === "") - Number(b.key === "") || (a.key < b.key ? -1 : 1),
  );
}

/** Labels by which alerts may be grouped: those that most have. */
export function groupableLabels(rows: readonly Row[]): string[] {
  const counts = new Map<string, number>();
  for (const { alert } of rows)
    for (const name of Object.keys(alert.routed)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count * 3 >= rows.length)
    .map(([name]) => name)
    .sort();
}

import type { Alert, AlertView } from "@havn/model";
import { behindLabel } from "../conditions/checks.ts";
import { labelsFingerprint, type RoutedAlert, routedOf } from "../routing/alert.ts";
import type { AlertStatus, Routing } from "../routing/index.ts";
import { alertOf } from "./book.ts";
import type { AlertRecord } from "./machine.ts";

export interface ViewSources {
  records: readonly AlertRecord[];
  routing: Pick<Routing, "statuses" | "groups">;
  now: number;
}

const severities: readonly string[] = ["info", "warning", "critical"] satisfies Alert["severity"][];

/**
 * Every alert as people see it: Havn's own, and those of others while they fire. What others sent without an environment
 * belongs to each.
 */
export function alertViews(
  { records, routing, now }: ViewSources,
  environment: string | undefined,
): AlertView[] {
  const statuses = new Map(routing.statuses().map((status) => [status.alert.fingerprint, status]));
  const groups = groupsByAlert(routing);
  const own = new Map<string, string>();
  for (const record of records) {
    const routed = routedOf(record, now);
    if (routed) own.set(routed.fingerprint, record.fingerprint);
  }
  const held = (status: AlertStatus | undefined) => ({
    silencedBy: status?.silencedBy ?? [],
    inhibitedBy: (status?.inhibitedBy ?? []).map((one) => own.get(one) ?? one),
    held: status?.heldBy ?? [],
  });
  const views = records
    .filter((record) => environment === undefined || record.environment === environment)
    .map((record): AlertView => {
      const labels = routedLabels(record, now);
      const key = labelsFingerprint(labels);
      return {
        ...alertOf(record),
        ...{ external: false, routed: labels, groups: groups.get(key) ?? [] },
        ...held(statuses.get(key)),
        behind: record.labels[behindLabel]?.split(",") ?? [],
      };
    });
  const others = [...statuses.values()]
    .filter(({ alert: { external, labels } }) => {
      const sentFor = labels.env ?? "";
      return external && (environment === undefined || sentFor === "" || sentFor === environment);
    })
    .map((status) => ({
      ...externalView(status.alert, environment),
      ...held(status),
      groups: groups.get(status.alert.fingerprint) ?? [],
    }));
  return [...views, ...others];
}

/** Of pending alerts and those behind others too, which routes do not see yet. */
function routedLabels(record: AlertRecord, now: number): Record<string, string> {
  const { [behindLabel]: _, ...labels } = record.labels;
  return { ...routedOf({ ...alertOf(record), labels, state: "firing" }, now)?.labels };
}

function externalView(alert: RoutedAlert, environment: string | undefined): AlertView {
  const { labels, annotations, startsAt, fingerprint } = alert;
  const severity = labels.severity ?? "";
  return {
    fingerprint,
    ...{
      rule: labels.alertname ?? "",
      environment: labels.env || environment || "",
      state: "firing" as const,
    },
    severity: severities.includes(severity) ? (severity as Alert["severity"]) : "warning",
    summary: annotations.summary ?? annotations.description ?? labels.alertname ?? "",
    ...{ labels: { ...labels }, annotations: { ...annotations } },
    ...{ activeSince: startsAt, firingSince: startsAt },
    ...{ external: true, routed: { ...labels }, groups: [], silencedBy: [], inhibitedBy: [] },
    ...{ behind: [], held: [] },
  };
}

function groupsByAlert(routing: Pick<Routing, "groups">): Map<string, AlertView["groups"]> {
  const found = new Map<string, AlertView["groups"]>();
  for (const { receiver, labels, alerts } of routing.groups()) {
    // What no route takes is told to nobody.
    if (receiver === "") continue;
    for (const { alert } of alerts) {
      const known = found.get(alert.fingerprint) ?? [];
      known.push({ receiver, labels: { ...labels } });
      found.set(alert.fingerprint, known);
    }
  }
  return found;
}

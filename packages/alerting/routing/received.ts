import { HavnError, type Labels, storable } from "@havn/model";
import { labelsFingerprint, type RoutedAlert } from "./alert.ts";

export interface ReceivedAlert {
  labels: Labels;
  annotations: Labels;
  startsAt?: number | undefined;
  endsAt?: number | undefined;
  generatorUrl: string;
}

/** An alert of others is over when it was not sent again for so long (Alertmanager's resolve_timeout). */
const resolveTimeoutMs = 300_000;
const longestName = 1024;
const longestValue = 16_384;
const mostLabels = 128;

/** Alerts of others as routing sees them, and what is wrong with those that are left out. */
export function routedFrom(
  received: readonly ReceivedAlert[],
  now: number,
): { alerts: RoutedAlert[]; faults: string[] } {
  const alerts: RoutedAlert[] = [];
  const faults: string[] = [];
  for (const [at, one] of received.entries()) {
    const alert = storable(one);
    const labels = withoutEmpty(alert.labels);
    const fault = faultOf({ ...alert, labels });
    if (fault === undefined) alerts.push(routed({ ...alert, labels }, now));
    else faults.push(`alert ${at + 1} (${(labels["alertname"] ?? "without a name").slice(0, 80)}): ${fault}`);
  }
  return { alerts, faults };
}

function withoutEmpty(labels: Labels): Labels {
  if (!Object.values(labels).includes("")) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
}

function faultOf({ labels, annotations }: ReceivedAlert): string | undefined {
  const [names, others] = [Object.keys(labels), Object.keys(annotations)];
  if (names.length === 0) return "it has no labels; every alert needs at least one";
  if (names.length + others.length > mostLabels)
    return `it has ${names.length + others.length} labels and annotations; ${mostLabels} are the most`;
  return longOf(names, labels) ?? longOf(others, annotations);
}

function longOf(names: readonly string[], values: Labels): string | undefined {
  for (const name of names) {
    const value = values[name] ?? "";
    if (name.length > longestName)
      return `the name ${name.slice(0, 40)}… has ${name.length} characters; ${longestName} are the most`;
    if (value.length > longestValue)
      return `${name} has ${value.length} characters; ${longestValue} are the most`;
  }
  return undefined;
}

const routed = (alert: ReceivedAlert, now: number): RoutedAlert => ({
  fingerprint: labelsFingerprint(alert.labels),
  labels: alert.labels,
  annotations: alert.annotations,
  startsAt: alert.startsAt ?? Math.min(alert.endsAt ?? now, now),
  endsAt: alert.endsAt ?? now + resolveTimeoutMs,
  updatedAt: now,
  generatorUrl: alert.generatorUrl,
  external: true,
});

/** Thrown once those that are in order were taken in. */
export const leftOut = (faults: readonly string[], taken: number): HavnError =>
  new HavnError(`${faults.length} alerts were left out, ${taken} taken in`, {
    detail: faults.slice(0, 10).join("; "),
    status: 400,
  });

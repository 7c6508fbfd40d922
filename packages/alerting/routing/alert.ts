import { hash } from "node:crypto";
import { type Alert, formatAddress, type Labels, labelsKey } from "@havn/model";
import { behindLabel } from "../conditions/checks.ts";

/** An alert as routing sees it, Havn's own and those of others alike. Times in milliseconds since the epoch. */
export interface RoutedAlert {
  /** Of the labels: alerts with equal labels are one. */
  fingerprint: string;
  labels: Labels;
  annotations: Labels;
  startsAt: number;
  /** Undefined while nobody knows. From then on it is resolved. */
  endsAt?: number | undefined;
  updatedAt: number;
  generatorUrl: string;
  /** Sent in from elsewhere: it ends by itself unless it is sent again. */
  external: boolean;
  /** Of a check: addresses of the checks that it lies behind. */
  behind?: readonly string[] | undefined;
}

export const labelsFingerprint = (labels: Labels): string =>
  hash("sha256", labelsKey(labels), "hex").slice(0, 16);

export const isResolved = ({ endsAt }: Pick<RoutedAlert, "endsAt">, now: number): boolean =>
  endsAt !== undefined && endsAt <= now;

/** Undefined for what is shown and not told: pending alerts. */
export function routedOf(alert: Alert, now: number): RoutedAlert | undefined {
  if (alert.state !== "firing" && alert.state !== "resolved") return undefined;
  // What it lies behind changes, and is no other alert for that.
  const { [behindLabel]: behind, ...own } = alert.labels;
  const labels = {
    ...own,
    alertname: alert.rule,
    env: alert.environment,
    // A rule file's own word for it is what its routes look for.
    severity: (alert.annotations && alert.labels.severity) || alert.severity,
    ...(alert.address !== undefined && { resource: alert.address }),
  };
  return {
    fingerprint: labelsFingerprint(labels),
    labels,
    annotations: alert.annotations ?? { summary: alert.summary },
    startsAt: alert.firingSince ?? alert.activeSince,
    ...(alert.state === "resolved" && { endsAt: alert.resolvedAt ?? now }),
    updatedAt: now,
    generatorUrl: "",
    external: false,
    ...(behind !== undefined && {
      behind: behind
        .split(",")
        .map((name) => formatAddress({ environment: alert.environment, type: "check", name })),
    }),
  };
}

/** The same trouble told again keeps its beginning; told after its end it is a new one. */
export function merge(before: RoutedAlert | undefined, after: RoutedAlert): RoutedAlert {
  if (!before || (before.endsAt !== undefined && before.endsAt < after.startsAt)) return after;
  return { ...after, startsAt: Math.min(before.startsAt, after.startsAt) };
}

import type { Labels } from "@havn/model";
import type { AlertStatus } from "../routing/index.ts";
import type { Matcher } from "../routing/matchers.ts";
import { coversAlertsOf } from "./covers.ts";
import { isCovered } from "./mutes.ts";
import type { Covered, Subject } from "./subjects.ts";

/** Somebody was asked about an incident. */
export interface PastPage {
  /** Milliseconds since the epoch. */
  at: number;
  incident: number;
  title: string;
  person: string;
  /** Labels of the alerts that it was about. */
  alerts: readonly Labels[];
}

export interface Preview {
  /** What fires now. */
  alerts: { labels: Labels; summary: string; receivers: string[] }[];
  checks: Covered[];
  rules: Covered[];
  resources: Covered[];
  pages: { days: number; sent: number; held: number; examples: Omit<PastPage, "alerts">[] };
}

export interface PreviewInput {
  /** It covers what one of these lists covers. */
  any: readonly (readonly Matcher[])[];
  alerts: readonly AlertStatus[];
  subjects: readonly Subject[];
  pages: readonly PastPage[];
  days: number;
  /** Whether it would have held then; always where left out. */
  isOpen?(at: number): boolean;
}

/** Pages that a preview looks back at. */
export const previewDays = 30;
const mostExamples = 20;

/**
 * What these matchers would cover: alerts that fire now, what may alert later, and the pages of past days that would not
 * have been sent. A page about several alerts is held back only where all of them are.
 */
export function previewOf({ any, alerts, subjects, pages, days, isOpen }: PreviewInput): Preview {
  const covered = subjects.flatMap(({ labels, ...subject }): Covered[] => {
    const found = new Set(any.map((matchers) => coversAlertsOf(matchers, labels)));
    const certainty = found.has("yes") ? "yes" : found.has("maybe") ? "maybe" : undefined;
    return certainty ? [{ ...subject, certainty }] : [];
  });
  const of = (kind: Subject["kind"]) => covered.filter((one) => one.kind === kind);
  const held = pages.filter(
    (page) =>
      (isOpen?.(page.at) ?? true) &&
      page.alerts.length > 0 &&
      page.alerts.every((labels) => isCovered({ any }, labels)),
  );
  return {
    alerts: alerts
      .filter(({ alert }) => isCovered({ any }, alert.labels))
      .map(({ alert: { labels, annotations }, receivers }) => ({
        ...{ labels, receivers, summary: annotations.summary ?? labels.alertname ?? "" },
      })),
    checks: of("check"),
    rules: of("rule"),
    resources: of("resource"),
    pages: {
      ...{ days, sent: pages.length, held: held.length },
      examples: held
        .toSorted((one, other) => other.at - one.at)
        .slice(0, mostExamples)
        .map(({ alerts: _, ...page }) => page),
    },
  };
}

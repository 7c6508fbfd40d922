import type { IncidentMetrics } from "@havn/model";

/** What is counted, in milliseconds since the epoch. */
export interface CountedIncident {
  id: number;
  severity: string;
  title: string;
  troubleAt: number | null;
  openedAt: number;
  acknowledgedAt: number | null;
  mitigatedAt: number | null;
  resolvedAt: number | null;
  resolvedBy: string | null;
  alerts: readonly { labels: Readonly<Record<string, string>> }[];
}

/** Somebody was asked, over however many ways and tries: one page. */
export interface CountedPage {
  incident: number;
  person: string;
  at: number;
}

const weekMs = 7 * 86_400_000;

/** `unanswered` of a rule: an incident ended by itself and nobody had answered. */
export function incidentMetrics(
  { incidents, pages }: { incidents: readonly CountedIncident[]; pages: readonly CountedPage[] },
  { from, to, zone }: { from: number; to: number; zone: string },
): IncidentMetrics {
  const spans = (since: keyof CountedIncident, until: keyof CountedIncident) =>
    spread(
      incidents.flatMap((one) => {
        const [begin, end] = [one[since], one[until]];
        return typeof begin === "number" && typeof end === "number" ? [Math.max(end - begin, 0)] : [];
      }),
    );
  const weeks = Math.max((to - from) / weekMs, 1);
  const people = [...Map.groupBy(pages, ({ person }) => person)].map(([person, own]) => ({
    person,
    pages: own.length,
    perWeek: Math.round((own.length / weeks) * 10) / 10,
    atNight: own.filter(({ at }) => isNight(at, zone)).length,
  }));
  const ofRule = Map.groupBy(
    incidents.flatMap((one) =>
      [...new Set(one.alerts.flatMap(({ labels }) => labels.alertname ?? []))].map((rule) => ({ rule, one })),
    ),
    ({ rule }) => rule,
  );
  const rules = [...ofRule].map(([rule, own]) => ({
    rule,
    incidents: own.length,
    pages: pages.filter(({ incident }) => own.some(({ one }) => one.id === incident)).length,
    unanswered: own.filter(({ one }) => one.acknowledgedAt === null && one.resolvedBy === "havn").length,
  }));
  return {
    incidents: incidents.length,
    detect: spans("troubleAt", "openedAt"),
    acknowledge: spans("openedAt", "acknowledgedAt"),
    mitigate: spans("openedAt", "mitigatedAt"),
    resolve: spans("openedAt", "resolvedAt"),
    people: people.sort((left, right) => right.pages - left.pages || (left.person < right.person ? -1 : 1)),
    rules: rules.sort((left, right) => right.incidents - left.incidents || (left.rule < right.rule ? -1 : 1)),
  };
}

function spread(values: number[]): IncidentMetrics["detect"] {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return {
    count: sorted.length,
    median: sorted.length === 0 ? null : (median ?? null),
    worst: sorted.at(-1) ?? null,
  };
}

/** From 22 to 7 o'clock. */
function isNight(at: number, zone: string): boolean {
  const hour = Number(
    new Intl.DateTimeFormat("en", { timeZone: zone, hour: "numeric", hourCycle: "h23" }).format(at),
  );
  return hour >= 22 || hour < 7;
}

import type { Event } from "@havn/model";

/** Something that changed shortly before an incident, with what speaks against it. */
export interface Suspect {
  event: Event;
  score: number;
  evidence: string[];
}

/** How much a kind of change explains by itself. */
const weights: readonly (readonly [prefix: string, weight: number])[] = [
  ["rollout.", 4],
  ["release.", 4],
  ["apply.", 3],
  ["drift.found", 3],
  ["machine.", 3],
  ["host.lost", 3],
  ["secret.", 2],
];

const windowMs = 3_600_000;

/** What changed within the hour before, the most suspicious first: kind, nearness in time and in place count. */
export function suspects(
  events: readonly Event[],
  incident: { openedAt: number; alerts: readonly { labels: Readonly<Record<string, string>> }[] },
): Suspect[] {
  const places = new Set(
    incident.alerts.flatMap(({ labels }) => [labels.host, labels.service, labels.resource, labels.instance]),
  );
  return events
    .flatMap((event): Suspect[] => {
      const weight = weights.find(([prefix]) => event.kind.startsWith(prefix))?.[1];
      const before = incident.openedAt - event.at;
      if (weight === undefined || before < 0 || before > windowMs) return [];
      const minutes = Math.round(before / 60_000);
      const evidence = [`${minutes === 0 ? "less than a minute" : `${minutes} min`} before`];
      let score = weight * (1 - before / windowMs);
      const shared = [event.address, event.host]
        .flatMap((address) => (address ? [address, address.split("/").at(-1) ?? ""] : []))
        .find((place) => places.has(place));
      if (shared !== undefined) {
        score *= 2;
        evidence.push(`same place: ${shared}`);
      }
      if (event.severity === "error") {
        score *= 1.5;
        evidence.push("it failed");
      }
      if (event.actor.startsWith("user:")) evidence.push(`by ${event.actor}`);
      return [{ event, score: Math.round(score * 100) / 100, evidence }];
    })
    .sort((left, right) => right.score - left.score)
    .slice(0, 10);
}

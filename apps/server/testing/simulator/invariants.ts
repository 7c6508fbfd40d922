import type { Attempt, Incident, Page } from "@havn/response/testing";
import type { Disk } from "./disk.ts";

/** What a provider accepted. */
export interface Arrival {
  /** Havn's own for it: what comes a second time under the same counts once. */
  id: string;
  to: string;
  page: string;
  person: string;
  round: number;
  /** The world's time. */
  at: number;
}

/** From when on an alert was accepted as firing until it was accepted as resolved. */
export interface Episode {
  alertname: string;
  acceptedAt: number;
  resolvedAt: number | undefined;
}

export interface History {
  disk: Disk;
  arrivals: readonly Arrival[];
  episodes: readonly (readonly Episode[])[];
  /** The world's time at the end, after a long peace. */
  now: number;
  /** As the control plane's clock has it. */
  wallNow: number;
  /** How often its clock was set: then durations on it prove nothing. */
  steps: number;
}

const minute = 60_000;
/** How often a way is tried at most, as pages/sending.ts has it. */
const mostTries = 3;

/** All that must not be, in words. */
export const findViolations = (history: History): string[] => [
  ...lostEvents(history),
  ...unpaged(history),
  ...doubled(history),
  ...forgotten(history),
];

/** What was accepted is known to the end: what fires has an open incident, what does not has none. */
function lostEvents({ disk, episodes }: History): string[] {
  const open = [...disk.tables.incidents.values()].filter(({ state }) => state !== "resolved");
  const firesIn = (alertname: string) => (incident: Incident) =>
    incident.alerts.some(({ labels, state }) => labels.alertname === alertname && state === "firing");
  return episodes.flatMap((own) => {
    const last = own.at(-1);
    if (!last) return [];
    const { alertname } = last;
    const known = open.some(firesIn(alertname));
    if (last.resolvedAt === undefined && !known) return [`${alertname} fires, and no incident is open`];
    if (last.resolvedAt !== undefined && known) return [`${alertname} has ended, and its incident has not`];
    return [];
  });
}

/** Each incident that stayed open for long enough to be told reached somebody. */
function unpaged({ disk, arrivals, now }: History): string[] {
  return [...disk.tables.incidents.values()].flatMap((incident) => {
    const pages = [...disk.tables.pages.values()].filter((page) => page.incident === incident.id);
    if (pages.length === 0) return [`incident ${incident.id} has no page`];
    // Longer than any fault, on any clock.
    const open = (incident.resolvedAt ?? now) - incident.openedAt;
    if (open < 40 * minute) return [];
    return pages.some(({ id }) => arrivals.some(({ page }) => page === id))
      ? []
      : [`incident ${incident.id} paged nobody within ${Math.round(open / minute)} min`];
  });
}

/** One person is asked once a level and round: by each way, with as many tries as the retry policy has. */
function doubled({ disk, arrivals }: History): string[] {
  const { attempts } = disk.tables;
  const unknown = arrivals
    .filter(({ id }) => !attempts.has(id))
    .map(({ id }) => `${id} arrived and is on no record`);
  const once = new Map(arrivals.map((arrival) => [arrival.id, arrival]));
  const asked = Map.groupBy(
    [...once.values()].flatMap((arrival) => {
      const attempt = attempts.get(arrival.id);
      return attempt ? [{ arrival, attempt }] : [];
    }),
    ({ arrival, attempt }) =>
      [attempt.about, attempt.person, attempt.round, attempt.level, arrival.to].join(" "),
  );
  const often = [...asked].flatMap(([what, own]) => {
    const numbers = own.map(({ attempt }) => attempt.number);
    const faults: string[] = [];
    if (new Set(numbers).size < own.length) faults.push(`${what}: one try arrived under two names`);
    if (own.length > mostTries) faults.push(`${what}: paged ${own.length} times`);
    const accepted = own
      .filter(({ attempt }) => attempt.acceptedAt !== null)
      .map(({ attempt }) => attempt.number);
    const after = numbers.filter((number) => accepted.some((good) => good < number));
    if (after.length > 0) faults.push(`${what}: paged again after it was accepted`);
    return faults;
  });
  return [...unknown, ...often, ...twiceOpen([...disk.tables.incidents.values()])];
}

function twiceOpen(incidents: readonly Incident[]): string[] {
  const open = Map.groupBy(
    incidents.filter(({ state }) => state !== "resolved"),
    (incident) => incident.key,
  );
  return [...open.values()].flatMap((own) =>
    own.length > 1 ? [`${own.length} incidents are open about one group`] : [],
  );
}

/** What is open at the end, and answered by nobody lately, was asked lately; each level's people were really told. */
function forgotten({ disk, wallNow, steps }: History): string[] {
  const { pages, attempts } = disk.tables;
  return [...pages.values()].flatMap((page) => [
    ...(page.state === "resolved" ? [] : lately(page, wallNow)),
    ...(steps > 0 ? [] : untold(page, [...attempts.values()], wallNow)),
  ]);
}

function lately(page: Page, now: number): string[] {
  // Eight times a level's five minutes, or an answer that holds for thirty.
  const latest = Math.max(
    page.askedAt ?? 0,
    page.state === "acknowledged" ? (page.acknowledgedUntil ?? 0) : 0,
  );
  return now - latest > 45 * minute
    ? [`page ${page.id} (${page.state}) was asked last ${Math.round((now - latest) / minute)} min ago`]
    : [];
}

/** The level that is asked now has tries of each of its people. */
function untold(page: Page, attempts: readonly Attempt[], now: number): string[] {
  if (page.state !== "open" || page.askedAt === null || now - page.askedAt < minute) return [];
  const { id, round, level } = page;
  const people = page.levels[level]?.people ?? [];
  return people
    .filter(
      ({ person }) =>
        !attempts.some(
          (one) => one.about === id && one.person === person && one.round === round && one.level === level,
        ),
    )
    .map(({ person }) => `${person} was to be asked about page ${id}, and was not`);
}

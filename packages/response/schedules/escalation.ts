import { onCallAt, type Schedule } from "./schedule.ts";

/** Who is asked, in order and from the beginning again, until someone answers. */
export interface Escalation {
  levels: readonly Level[];
}

export interface Level {
  targets: readonly Target[];
  /** Milliseconds until the next level is asked. */
  timeout: number;
}

export type Target =
  | { kind: "person"; name: string }
  | { kind: "schedule"; name: string }
  | { kind: "team"; name: string };

export interface SnapshotLevel {
  /** Nobody twice on one level. */
  people: { person: string; because: string }[];
  timeout: number;
}

/** What names stand for. */
export interface Roster {
  schedule(name: string): Schedule | undefined;
  team(name: string): readonly string[] | undefined;
  hasPerson(name: string): boolean;
}

/**
 * The people as they are on call when the page begins: a hand-off in the middle changes nobody's page. A name that is no
 * more is told in `missing` and skipped; a level that nobody is left of falls to `lastResort`.
 */
export function snapshot(
  escalation: Escalation,
  { roster, at, lastResort }: { roster: Roster; at: number; lastResort: readonly string[] },
): { levels: SnapshotLevel[]; missing: string[] } {
  const missing: string[] = [];
  const known = (person: string) => {
    if (roster.hasPerson(person)) return true;
    missing.push(person);
    return false;
  };
  const levels = escalation.levels.map(({ targets, timeout }): SnapshotLevel => {
    const people = new Map<string, string>();
    for (const target of targets)
      for (const { person, because } of peopleOf(target, roster, at, missing))
        if (known(person) && !people.has(person)) people.set(person, because);
    if (people.size === 0)
      for (const person of lastResort) people.set(person, "nobody else is left of this level");
    return { people: [...people].map(([person, because]) => ({ person, because })), timeout };
  });
  return { levels, missing: [...new Set(missing)] };
}

function peopleOf(target: Target, roster: Roster, at: number, missing: string[]) {
  switch (target.kind) {
    case "person":
      return [{ person: target.name, because: "named" }];
    case "team": {
      const members = roster.team(target.name);
      if (!members) missing.push(`team ${target.name}`);
      return (members ?? []).map((person) => ({ person, because: `in team ${target.name}` }));
    }
    case "schedule": {
      const schedule = roster.schedule(target.name);
      if (!schedule) {
        missing.push(`schedule ${target.name}`);
        return [];
      }
      const { person, source } = onCallAt(schedule, at);
      return [{ person, because: `on call in ${target.name} (${source.kind})` }];
    }
  }
}

import { randomUUID } from "node:crypto";
import type { AgentEvent, ResourceReading, ResourceReport } from "@havn/fleet/protocol";
import type { Address, Clock, Enforcement, PropertyChange } from "@havn/model";

/** What a person needs of a long difference: more of it fills the timeline. */
const longestDiff = 8 * 1024;
const mostReports = 100;

interface Entry {
  reading: ResourceReading;
  since: number;
}

/** Which resources are not as declared, and the story of it for the timeline, each part told once and in its order. */
export function createBook(options: { clock: Clock; onChange(): void; onEvent(event: AgentEvent): void }) {
  const { clock, onChange } = options;
  const drifted = new Map<Address, Entry>();
  let checkedAt: number | undefined;
  let telling: Promise<void> = Promise.resolve();

  type Told = Omit<AgentEvent, "key" | "at">;

  /** Behind what was told before; `evidence` is waited for. */
  function tell(event: Told, evidence?: Promise<string[]>): void {
    const at = clock.now();
    const { address } = event;
    telling = telling.then(async () => {
      const found = (await evidence) ?? [];
      const entry = address === undefined ? undefined : drifted.get(address);
      if (entry && evidence && found.length > 0) {
        drifted.set(address ?? "", { ...entry, reading: { ...entry.reading, evidence: found } });
        onChange();
      }
      const [first] = found;
      options.onEvent({
        ...event,
        ...{ key: randomUUID(), at },
        summary: first ? `${event.summary} Near it: ${first}.` : event.summary,
        data: { ...event.data, ...(found.length > 0 && { evidence: found }) },
      });
    });
  }

  function found(
    reading: ResourceReading,
    mode: Enforcement,
    evidence: Promise<string[]> | undefined,
    paused?: string,
  ) {
    const { address, action, error } = reading;
    const what = reading.changes.map(({ property }) => property).join(", ");
    tell(
      {
        kind: "drift.found",
        severity: "warning",
        address,
        summary: error
          ? `${address} cannot be read: ${error}`
          : `${address} has drifted${what ? `: ${what}` : ""}.`,
        data: { action, mode, changes: shortChanges(reading.changes), ...(paused && { paused }) },
      },
      evidence,
    );
  }

  return {
    tell,
    /**
     * What a look at `looked` has found. What was drift there and no longer is has gone by itself, or was mended by the
     * run whose reports are given.
     */
    settle(
      now: readonly ResourceReading[],
      about: {
        looked: ReadonlySet<Address>;
        modeOf(address: Address): Enforcement;
        evidence?: ReadonlyMap<Address, Promise<string[]>>;
        mended?: ReadonlyMap<Address, ResourceReport>;
        paused?: string | undefined;
      },
    ): void {
      const before = snapshot(drifted);
      const at = clock.now();
      const after = new Map(now.map((reading) => [reading.address, reading]));
      for (const [address, reading] of after) {
        const known = drifted.get(address);
        const { evidence, since } = known?.reading ?? {};
        drifted.set(address, {
          since: known?.since ?? at,
          reading: { ...reading, since: since ?? at, ...(evidence && { evidence }) },
        });
        if (!known) found(reading, about.modeOf(address), about.evidence?.get(address), about.paused);
      }
      for (const [address, { since }] of drifted) {
        if (after.has(address) || !about.looked.has(address)) continue;
        drifted.delete(address);
        const report = about.mended?.get(address);
        if (report?.state === "changed")
          tell({
            kind: "drift.mended",
            severity: "info",
            address,
            summary: `${address} was mended.`,
            data: {
              changes: shortChanges(report.changes),
              commands: report.commands.slice(0, 20),
              durationMs: report.durationMs,
              afterMs: at - since,
            },
          });
        else
          tell({
            kind: "drift.gone",
            severity: "info",
            address,
            summary: `${address} is as declared again.`,
            data: {},
          });
      }
      checkedAt = at;
      if (snapshot(drifted) !== before) onChange();
    },
    /** What is no longer declared, or not looked at any more, is no drift. */
    keepOnly(addresses: ReadonlySet<Address>): void {
      const gone = [...drifted.keys()].filter((address) => !addresses.has(address));
      for (const address of gone) drifted.delete(address);
      if (gone.length > 0) onChange();
    },
    checked(): void {
      checkedAt = clock.now();
    },
    has: (address: Address) => drifted.has(address),
    addresses: () => [...drifted.keys()],
    readings: () => [...drifted.values()].map(({ reading }) => reading),
    checkedAt: () => checkedAt,
    told: () => telling,
  };
}

/** What is compared to know whether anybody must be told: evidence comes later, and alone is no change. */
const snapshot = (drifted: ReadonlyMap<Address, Entry>): string =>
  JSON.stringify([...drifted.values()].map(({ reading: { evidence: _, since: __, ...rest } }) => rest));

export type Book = ReturnType<typeof createBook>;

export const shortChanges = (changes: readonly PropertyChange[]): PropertyChange[] =>
  changes.slice(0, 50).map((change) =>
    change.diff !== undefined && change.diff.length > longestDiff
      ? {
          ...change,
          diff: `${change.diff.slice(0, longestDiff)}\n(and more: ${change.diff.length} characters in all)`,
        }
      : change,
  );

/** A run's report as an event keeps it: what came of each resource, and all of what was not as it should be. */
export function runData(reports: readonly ResourceReport[], durationMs: number): Record<string, unknown> {
  const counts = { changed: 0, failed: 0, skipped: 0, unchanged: 0 };
  for (const { state } of reports) counts[state] += 1;
  const told = reports
    .filter(({ state }) => state !== "unchanged")
    .slice(0, mostReports)
    .map(({ output: _, ...report }) => ({ ...report, changes: shortChanges(report.changes) }));
  return { durationMs, counts, resources: told };
}

import { type Alert, type Clock, labelsKey, type NewEvent, storable, type Timeline } from "@havn/model";
import type { Sql } from "@havn/postgres";
import * as store from "../store.ts";
import { type AlertRecord, advance, type Condition, transition } from "./machine.ts";

/** Resolved alerts are shown for a day. */
const keptMs = 86_400_000;

export interface BookOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  onChange(alert: Alert): void;
  log(message: string): void;
}

/** All alerts: in memory, and in PostgreSQL as far as a restart needs them. One change at a time. */
export interface Book {
  /**
   * Takes in all that is wrong within `scope` now: what is not among `conditions` is right again, unless `holds` says
   * that this cannot be told yet. Resolves when it is durable; throws when it cannot be made so, and then nothing has
   * changed and the same may be observed again.
   */
  observe(
    scope: string,
    conditions: readonly Condition[],
    holds?: (record: AlertRecord) => boolean,
  ): Promise<void>;
  /** The same for many scopes at once, all or nothing. */
  observeMany(seen: ReadonlyMap<string, readonly Condition[]>): Promise<void>;
  /** Whether there is any alert of a scope: where there is none and nothing is wrong, there is nothing to observe. */
  knows(scope: string): boolean;
  /** Adds one condition without a word about the rest of its scope; `accept` may refuse, seeing what is known. */
  raise(
    scope: string,
    condition: Condition,
    accept?: (before: AlertRecord | undefined) => boolean,
  ): Promise<void>;
  /** Ends those that `which` picks, whatever their observers said. */
  end(which: (record: AlertRecord) => boolean): Promise<void>;
  /** Ends flapping alerts that have been quiet, forgets old ones, and writes what the timeline has not got yet. */
  tick(): Promise<void>;
  list(): AlertRecord[];
  find(fingerprint: string): AlertRecord | undefined;
}

export async function openBook(options: BookOptions): Promise<Book> {
  const { sql, clock } = options;
  const records = new Map((await store.listAlerts(sql)).map((record) => [record.fingerprint, record]));
  /** Observers are many, and most of them have no alerts. */
  const byScope = new Map<string, Set<string>>();
  const keep = (record: AlertRecord): void => {
    const before = records.get(record.fingerprint);
    if (before && before.scope !== record.scope) byScope.get(before.scope)?.delete(record.fingerprint);
    records.set(record.fingerprint, record);
    const scope = byScope.get(record.scope) ?? new Set();
    byScope.set(record.scope, scope.add(record.fingerprint));
  };
  const forget = (fingerprint: string): void => {
    const scope = records.get(fingerprint)?.scope;
    records.delete(fingerprint);
    if (scope === undefined) return;
    byScope.get(scope)?.delete(fingerprint);
    if (byScope.get(scope)?.size === 0) byScope.delete(scope);
  };
  const recordsOf = (scope: string): AlertRecord[] =>
    [...(byScope.get(scope) ?? [])].flatMap((fingerprint) => records.get(fingerprint) ?? []);
  for (const record of records.values()) keep(record);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };

  async function commit(wanted: readonly (readonly [string, AlertRecord | undefined])[]): Promise<void> {
    const changes: store.Change[] = [];
    const unsaved: AlertRecord[] = [];
    for (const [fingerprint, after] of wanted) {
      const before = records.get(fingerprint);
      if (!before && !after) continue;
      const told = transition(before, after);
      if (
        told ||
        before?.state !== after?.state ||
        before?.quietSince !== after?.quietSince ||
        before?.exitedAt !== after?.exitedAt ||
        (before && after && !isSameTrouble(before, after))
      )
        changes.push({ fingerprint, after, event: told && after ? eventOf(after, told) : undefined });
      // New values of the same state are kept in memory only: they come again with the next evaluation.
      else if (after) unsaved.push(after);
    }
    if (changes.length > 0) await store.saveChanges(sql, changes);
    for (const record of unsaved) keep(record);
    for (const { fingerprint, after } of changes) {
      if (after) keep(after);
      else forget(fingerprint);
    }
    for (const { after } of changes) if (after) options.onChange(alertOf(after));
    if (changes.some(({ event }) => event)) await deliver(options);
  }

  return {
    observe: (scope, conditions, holds = () => false) =>
      inTurn(() => {
        const now = clock.now();
        const active = new Map(conditions.map((condition) => [condition.fingerprint, condition]));
        const gone = recordsOf(scope).filter((record) => !active.has(record.fingerprint) && !holds(record));
        return commit([
          ...conditions.map((condition) => next(records, { scope, condition, now })),
          ...gone.map(
            (record) => [record.fingerprint, advance(record, { scope, condition: undefined, now })] as const,
          ),
        ]);
      }),
    observeMany: (seen) =>
      inTurn(() => {
        const now = clock.now();
        const active = new Set([...seen.values()].flat().map(({ fingerprint }) => fingerprint));
        return commit(
          [...seen].flatMap(([scope, conditions]) => [
            ...conditions.map((condition) => next(records, { scope, condition, now })),
            ...recordsOf(scope)
              .filter(({ fingerprint }) => !active.has(fingerprint))
              .map(
                (record) =>
                  [record.fingerprint, advance(record, { scope, condition: undefined, now })] as const,
              ),
          ]),
        );
      }),
    knows: (scope) => byScope.has(scope),
    raise: (scope, condition, accept = () => true) =>
      inTurn(async () => {
        if (accept(records.get(condition.fingerprint)))
          await commit([next(records, { scope, condition, now: clock.now() })]);
      }),
    end: (which) =>
      inTurn(() => {
        const now = clock.now();
        const ended = [...records.values()].filter((record) => record.state !== "resolved" && which(record));
        return commit(
          ended.map((record) => [
            record.fingerprint,
            record.state === "pending"
              ? undefined
              : { ...record, state: "resolved" as const, resolvedAt: now },
          ]),
        );
      }),
    tick: () =>
      inTurn(async () => {
        const now = clock.now();
        const all = [...records.values()];
        const quiet = all.filter(({ state, quietSince }) => state === "firing" && quietSince !== undefined);
        const old = all.filter(
          ({ state, resolvedAt }) => state === "resolved" && now - (resolvedAt ?? 0) > keptMs,
        );
        await commit([
          ...quiet.map(
            (record) =>
              [
                record.fingerprint,
                advance(record, { scope: record.scope, condition: undefined, now }),
              ] as const,
          ),
          ...old.map(({ fingerprint }) => [fingerprint, undefined] as const),
        ]);
        await deliver(options);
      }),
    list: () => [...records.values()],
    find: (fingerprint) => records.get(fingerprint),
  };
}

/** Routes look at these: a trouble that got worse is told anew. */
const isSameTrouble = (before: AlertRecord, after: AlertRecord): boolean =>
  before.severity === after.severity && labelsKey(before.labels) === labelsKey(after.labels);

function next(
  records: ReadonlyMap<string, AlertRecord>,
  seen: { scope: string; condition: Condition; now: number },
): readonly [string, AlertRecord | undefined] {
  const { fingerprint } = seen.condition;
  // What programs print reaches summaries and labels: one NUL would keep all that is saved with it from being saved.
  return [fingerprint, storable(advance(records.get(fingerprint), seen))];
}

/** The key makes an entry that was written just before a crash count once when it is written again. */
async function deliver({ sql, timeline, log }: BookOptions): Promise<void> {
  try {
    const waiting = await store.listOutbox(sql);
    if (waiting.length === 0) return;
    const written = await Promise.allSettled(waiting.map(({ event }) => timeline.write(event)));
    await store.deleteFromOutbox(
      sql,
      waiting.filter((_, at) => written[at]?.status === "fulfilled").map(({ id }) => id),
    );
    for (const one of written) if (one.status === "rejected") throw one.reason;
  } catch (cause) {
    log(
      `the timeline was not told of an alert yet: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

const eventSeverity = { info: "info", warning: "warning", critical: "error" } as const;

function eventOf(record: AlertRecord, told: "firing" | "resolved"): NewEvent {
  const { fingerprint, rule, environment, address, host, labels, value, severity, summary, activeSince } =
    record;
  const { firingSince, resolvedAt } = record;
  return {
    kind: `alert.${told}`,
    at: (told === "firing" ? firingSince : resolvedAt) ?? activeSince,
    summary: told === "firing" ? summary : `Resolved: ${summary}`,
    severity: told === "firing" ? eventSeverity[severity] : "info",
    environment,
    ...(address !== undefined && { address }),
    ...(host !== undefined && { host }),
    data: {
      fingerprint,
      rule,
      labels,
      value: value ?? null,
      severity,
      activeSince,
      firingSince: firingSince ?? null,
    },
    key: `alert:${fingerprint}:${firingSince}:${told}`,
  };
}

/** What others see of a record. */
export function alertOf(record: AlertRecord): Alert {
  const {
    scope: _,
    forMs: __,
    firings: ___,
    quietSince: ____,
    exitedAt: _____,
    host: ______,
    ...alert
  } = record;
  return alert;
}

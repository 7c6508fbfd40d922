import type { ClickHouse } from "@havn/clickhouse";
import type { Clock } from "@havn/model";
import type { Matcher } from "@havn/promql";
import type { Querier } from "@havn/promql/querier";
import { seriesCondition } from "../metrics/matchers.ts";

/** A name that is asked for all the time is written down once in so long. */
const everyMs = 3_600_000;
/** Names that questions may hold in memory at once, and how long one may be: nobody need have sent what is asked for. */
const mostNames = 200_000;
const longestName = 500;
/** Selectors that name no metric plainly; what more of them there are within a minute is not followed. */
const mostSelectors = 500;
const dayMs = 86_400_000;
const namesAtOnce = 1_000;

/** Which metrics questions were about, by name. Notes are kept in memory and written down by `save`. */
export interface Asked {
  note(matchers: readonly Matcher[]): void;
  /** A process that is killed loses what was noted since. */
  save(): Promise<void>;
}

export function createAsked({ clickhouse, clock }: { clickhouse: ClickHouse; clock: Clock }): Asked {
  /** Of each name when it was last asked for, and when that was last written down. */
  const names = new Map<string, { at: number; savedAt: number }>();
  const selectors = new Map<string, readonly Matcher[]>();
  let begun = false;

  const noteName = (name: string, at: number) => {
    const known = names.get(name);
    if (known) known.at = at;
    else if (names.size < mostNames && name.length <= longestName) names.set(name, { at, savedAt: 0 });
  };

  /** What regular expressions, and selectors without a name, are about today. */
  async function resolveSelectors(): Promise<void> {
    const all = [...selectors.values()];
    selectors.clear();
    const now = clock.now();
    for (const matchers of all) {
      const { sql, params } = seriesCondition([matchers], { start: now - dayMs, end: now + dayMs });
      const rows = await clickhouse.rows<{ name: string }>(
        `SELECT DISTINCT toString(name) AS name FROM series WHERE ${sql}`,
        { params },
      );
      for (const { name } of rows) noteName(name, now);
    }
  }

  async function begin(): Promise<void> {
    const rows = await clickhouse.rows("SELECT 1 FROM asked WHERE name = '' LIMIT 1");
    if (rows.length === 0) await write([["", clock.now()]]);
    begun = true;
  }

  const write = (rows: readonly (readonly [string, number])[]) =>
    clickhouse.execute(
      "INSERT INTO asked SELECT row.1, toDateTime(row.2, 'UTC') FROM (SELECT arrayJoin(arrayZip({names:Array(String)}, {times:Array(UInt32)})) AS row)",
      { params: { names: rows.map(([name]) => name), times: rows.map(([, at]) => Math.floor(at / 1000)) } },
    );

  return {
    note(matchers) {
      const name = matchers.find((matcher) => matcher.name === "__name__");
      if (name?.operator === "=") return noteName(name.value, clock.now());
      // What asks for everything says nothing of any of it.
      if (matchers.every((matcher) => isAny(matcher)) || selectors.size >= mostSelectors) return;
      selectors.set(JSON.stringify(matchers), matchers);
    },
    async save() {
      if (!begun) await begin();
      await resolveSelectors();
      const due = [...names].filter(([, { at, savedAt }]) => at - savedAt >= everyMs);
      for (let from = 0; from < due.length; from += namesAtOnce) {
        const some = due.slice(from, from + namesAtOnce);
        await write(some.map(([name, { at }]) => [name, at] as const));
        for (const [, entry] of some) entry.savedAt = entry.at;
      }
      // What was not asked for again need not be remembered: it stands in the table.
      for (const [name, { at }] of names) if (clock.now() - at > everyMs) names.delete(name);
    },
  };
}

const isAny = ({ operator, value }: Matcher): boolean =>
  (operator === "=~" && (value === ".*" || value === ".+")) || (operator === "!=" && value === "");

/** A querier that notes what is asked for. */
export function noting<Q extends Querier>(querier: Q, asked: Asked): Q {
  const { selectBatches, buckets } = querier;
  return {
    ...querier,
    select(matchers, range, signal) {
      asked.note(matchers);
      return querier.select(matchers, range, signal);
    },
    ...(selectBatches && {
      selectBatches(matchers, range, signal) {
        asked.note(matchers);
        return selectBatches(matchers, range, signal);
      },
    }),
    ...(buckets && {
      buckets(question, signal) {
        asked.note(question.matchers);
        return buckets(question, signal);
      },
    }),
  } satisfies Querier as Q;
}

import { type ClickHouse, ClickHouseError } from "@havn/clickhouse";
import { HavnError, type Labels } from "@havn/model";
import type { Matcher, TimeRange } from "@havn/promql/querier";
import { decodeSeries } from "./decode-series.ts";
import { dayOf, seriesCondition } from "./matchers.ts";
import type { SeriesRow, StoredSeries } from "./stored-series.ts";

/** Series in the order of their ids, the order in which their samples are stored. */
export interface FoundSeries {
  ids: BigUint64Array;
  labels: Labels[];
  /** Whether they are a good part of all series: then samples are read in ranges of ids, and others' are skipped. */
  dense: boolean;
}

export interface SeriesIndex {
  /** Series that match, on the days of the range. Throws a HavnError 400 for a regular expression that is not valid. */
  find(matchers: readonly Matcher[], range: TimeRange, signal: AbortSignal): Promise<FoundSeries>;
  /** The same for any of several sets (all series when there are none), not remembered. */
  search(
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<Omit<FoundSeries, "dense">>;
}

/** Series that remembered answers may hold together: some 60 MB. */
const mostRemembered = 200_000;
/** The list of ids that is sent along is read and looked up: past this it costs more than it saves. */
export const denseShare = 4;

interface Remembered {
  found: FoundSeries;
  matchers: readonly Matcher[];
  /** The first and the last day that were looked at. */
  days: readonly [number, number];
}

/**
 * The table `series` by matchers. The same selector is asked again and again, by dashboards and rules: what it found is
 * remembered until a series is stored that it may select.
 */
export function createSeriesIndex(
  clickhouse: ClickHouse,
  { stored, most }: { stored: StoredSeries; most: number },
): SeriesIndex {
  const remembered = new Map<string, Remembered>();
  const totals = new Map<string, number>();
  let asOf = stored.written;
  let size = 0;

  async function search(
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<Omit<FoundSeries, "dense">> {
    const { sql, params } = seriesCondition(sets, range);
    const bytes = await refusingExpressions(
      clickhouse.query(
        // Not grouped, which takes all apart and puts it together: a row of a series is as good as any other of it.
        `SELECT id, name, mapKeys(labels), mapValues(labels) FROM series WHERE ${sql} LIMIT 1 BY id LIMIT ${most + 1}`,
        { params, signal, format: "RowBinary" },
      ),
    );
    const found = decodeSeries(bytes);
    if (found.ids.length > most)
      throw new HavnError(`The query selects more than ${most} series`, {
        status: 422,
        detail: "Add matchers so that it selects fewer.",
      });
    return found;
  }

  async function total(range: TimeRange, signal: AbortSignal): Promise<number> {
    const { sql } = seriesCondition([], range);
    const known = totals.get(sql);
    if (known !== undefined) return known;
    const [row] = await clickhouse.rows<{ n: number }>(
      `SELECT toUInt32(uniq(id)) AS n FROM series WHERE ${sql}`,
      { signal },
    );
    totals.set(sql, row?.n ?? 0);
    return row?.n ?? 0;
  }

  function forgetOld(): void {
    if (asOf === stored.written) return;
    const rows = stored.since(asOf);
    asOf = stored.written;
    if (!rows) {
      remembered.clear();
      totals.clear();
      size = 0;
      return;
    }
    const byName = Map.groupBy(rows, ({ labels }) => labels.__name__ ?? "");
    for (const [key, one] of remembered) {
      const name = one.matchers.find((each) => each.name === "__name__" && each.operator === "=")?.value;
      const near = name === undefined ? rows : (byName.get(name) ?? []);
      if (near.some((row) => maySelect(one, row))) forget(key, one);
    }
  }

  function forget(key: string, { found }: Remembered): void {
    remembered.delete(key);
    size -= found.ids.length + 1;
  }

  function remember(key: string, one: Remembered, at: number): void {
    const { found } = one;
    if (found.ids.length > mostRemembered / 2) return;
    const since = stored.since(at);
    if (!since || since.some((row) => maySelect(one, row))) return;
    const before = remembered.get(key);
    if (before) forget(key, before);
    remembered.set(key, one);
    size += found.ids.length + 1;
    for (const [oldest, other] of remembered) {
      if (size <= mostRemembered) break;
      forget(oldest, other);
    }
  }

  return {
    search,
    async find(matchers, range, signal) {
      forgetOld();
      const { sql, params } = seriesCondition([matchers], range);
      const key = JSON.stringify([sql, params]);
      const known = remembered.get(key);
      if (known) {
        remembered.delete(key);
        remembered.set(key, known);
        return known.found;
      }
      const at = stored.written;
      const found = await search([matchers], range, signal);
      const few = found.ids.length <= 1_000;
      const dense = !few && found.ids.length * denseShare >= (await total(range, signal));
      const whole = { ...found, dense };
      const days = [dayOf(range.start), dayOf(range.end)] as const;
      remember(key, { found: whole, matchers, days }, at);
      return whole;
    },
  };
}

/** Whether a selection may have this row and does not yet. Regular expressions are taken to match. */
function maySelect(
  { found, matchers, days: [first, last] }: Remembered,
  { day, id, labels }: SeriesRow,
): boolean {
  if (day < first || day > last) return false;
  for (const { name, operator, value } of matchers) {
    const own = labels[name] ?? "";
    if ((operator === "=" && own !== value) || (operator === "!=" && own === value)) return false;
  }
  return !has(found.ids, id);
}

function has(ids: BigUint64Array, id: bigint): boolean {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? 0n) < id) low = middle + 1;
    else high = middle;
  }
  return ids[low] === id;
}

async function refusingExpressions<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    // 427 CANNOT_COMPILE_REGEXP
    if (error instanceof ClickHouseError && error.code === 427)
      throw new HavnError("A matcher's regular expression is not valid", {
        status: 400,
        cause: error,
        detail: "Write it in RE2's syntax.",
      });
    throw error;
  }
}

import type { AggregateOperator } from "../ast.ts";
import type { Group } from "./aggregate.ts";
import { type Column, emptyColumn, type Grid, hasAny } from "./columns.ts";

/** `topk`, `bottomk`, `limitk`: the series that stay, with their own labels. */
export function selectRanked(
  operator: AggregateOperator,
  groups: Group[],
  how: { grid: Grid; limits: Float64Array; ordered: boolean },
): Column[] {
  const results: Column[] = [];
  for (const { columns } of groups) {
    const chosen = columns.map((column) => ({ ...column, present: new Uint8Array(how.grid.count) }));
    let order: number[] = [];
    for (let i = 0; i < how.grid.count; i++) {
      order = best(operator, columns, { i, limit: Math.max(0, Math.trunc(how.limits[i] ?? 0)) });
      for (const index of order) {
        const column = chosen[index];
        if (column) column.present[i] = 1;
      }
    }
    // At a single moment the best comes first; over a range the order is by labels.
    const sorted = how.ordered ? order.flatMap((index) => chosen[index] ?? []) : chosen;
    results.push(...sorted.filter(hasAny));
  }
  return results;
}

/** Past this many, sorting all costs less than putting each in its place. */
export const fewEnough = 64;

/** A place among the best: which series holds it at each moment, and with what. */
interface Place {
  values: Float64Array;
  series: Int32Array;
}

/**
 * `topk` and `bottomk` of one group: takes its series one after the other and holds the best of each moment. Of equals
 * the first stay.
 */
export class Ranking {
  readonly #grid: Grid;
  readonly #how: { greatest: boolean; limits: Float64Array; ordered: boolean };
  /** The best first; as many as there were series, up to the limit. */
  readonly #places: Place[] = [];
  readonly #held: Int32Array;
  /** Those that held a place once, by the number in which they came. */
  readonly #series = new Map<number, Pick<Column, "labels" | "dropName">>();
  #count = 0;

  constructor(grid: Grid, how: { greatest: boolean; limits: Float64Array; ordered: boolean }) {
    this.#grid = grid;
    this.#how = how;
    this.#held = new Int32Array(grid.count);
  }

  /** The column counts only until this returns. */
  add({ labels, dropName, values, present }: Column): void {
    const { greatest, limits } = this.#how;
    const number = this.#count++;
    let chosen = false;
    for (let i = 0; i < present.length; i++) {
      if (!present[i]) continue;
      const value = values[i] ?? 0;
      const limit = Math.trunc(limits[i] ?? 0);
      const held = this.#held[i] ?? 0;
      if (held >= limit) {
        if (limit < 1) continue;
        const least = this.#places[limit - 1]?.values[i] ?? 0;
        if (!isBetter(value, least, greatest)) continue;
      } else this.#held[i] = held + 1;
      this.#put(number, value, { i, from: Math.min(held, limit - 1) });
      chosen = true;
    }
    if (chosen) this.#series.set(number, { labels, dropName });
  }

  /** In its place among those before `from`; those behind it move down, the last of them out. */
  #put(number: number, value: number, { i, from }: { i: number; from: number }): void {
    if (from >= this.#places.length)
      this.#places.push({
        values: new Float64Array(this.#grid.count),
        series: new Int32Array(this.#grid.count),
      });
    let at = from;
    for (; at > 0; at--) {
      const above = this.#places[at - 1];
      const own = this.#places[at];
      if (!above || !own || !isBetter(value, above.values[i] ?? 0, this.#how.greatest)) break;
      own.values[i] = above.values[i] ?? 0;
      own.series[i] = above.series[i] ?? 0;
    }
    const place = this.#places[at];
    if (!place) return;
    place.values[i] = value;
    place.series[i] = number;
  }

  finish(): Column[] {
    const columns = new Map<number, Column>();
    for (let i = 0; i < this.#grid.count; i++)
      for (let at = 0; at < (this.#held[i] ?? 0); at++) {
        const place = this.#places[at];
        const number = place?.series[i] ?? 0;
        const series = this.#series.get(number);
        if (!place || !series) continue;
        let column = columns.get(number);
        if (!column) {
          column = emptyColumn(this.#grid, series.labels, series.dropName);
          columns.set(number, column);
        }
        column.values[i] = place.values[i] ?? 0;
        column.present[i] = 1;
      }
    // At a single moment the best comes first, which is how they were found; over a range the order is by labels.
    if (this.#how.ordered) return [...columns.values()];
    return [...columns].sort(([a], [b]) => a - b).map(([, column]) => column);
  }
}

/** NaN is the least of all either way. */
function isBetter(value: number, than: number, greatest: boolean): boolean {
  if (greatest ? value > than : value < than) return true;
  return Number.isNaN(than) && !Number.isNaN(value);
}

/** Indexes of the columns that stay at step i, the best first; of equals the first ones. */
function best(
  operator: AggregateOperator,
  columns: readonly Column[],
  { i, limit }: { i: number; limit: number },
): number[] {
  const valueAt = (index: number) => columns[index]?.values[i] ?? 0;
  const compare = (a: number, b: number) => rank(operator, valueAt(a), valueAt(b));
  const order: number[] = [];
  if (limit === 0) return order;
  const keepAll = operator === "limitk" || limit > fewEnough;
  for (let index = 0; index < columns.length; index++) {
    if (!columns[index]?.present[i]) continue;
    if (keepAll) order.push(index);
    else if (order.length < limit || compare(index, order[limit - 1] ?? 0) < 0) {
      let place = Math.min(order.length, limit - 1);
      while (place > 0 && compare(index, order[place - 1] ?? 0) < 0) {
        order[place] = order[place - 1] ?? 0;
        place--;
      }
      order[place] = index;
    }
  }
  if (!keepAll) return order;
  if (operator !== "limitk") order.sort(compare);
  return order.slice(0, limit);
}

function rank(operator: AggregateOperator, a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return operator === "topk" ? b - a || 0 : a - b || 0;
}

import { addTo } from "../functions/sums.ts";
import { ignoredInAggregation, type Notes } from "../notes.ts";
import { type Column, floatsOf } from "./columns.ts";
import { totalsOf } from "./histogram_totals.ts";

/** Takes a group's series one after the other; holds only one row of state. */
export interface Accumulator {
  add(column: Column): void;
  finish(): Pick<Column, "values" | "present" | "histograms">;
}

/** Opens the state of one group over so many moments. */
type Open = (count: number, notes: Notes) => Accumulator;

/** For what numbers alone can do: histograms are left out, which is told. */
const floatsOnly =
  (operator: string, open: Open): Open =>
  (count, notes) => {
    const accumulator = open(count, notes);
    return {
      ...accumulator,
      add(column) {
        if (column.histograms?.some((histogram, i) => histogram && column.present[i]))
          notes.inform(ignoredInAggregation(operator));
        accumulator.add(floatsOf(column));
      },
    };
  };

/** `take` sees each value with how many came before it at that moment. */
function simple(take: (held: number, value: number) => number, first: (value: number) => number) {
  return (count: number): Accumulator => {
    const values = new Float64Array(count);
    const present = new Uint8Array(count);
    return {
      add({ values: given, present: there }) {
        for (let i = 0; i < count; i++) {
          if (!there[i]) continue;
          const value = given[i] ?? 0;
          values[i] = present[i] ? take(values[i] ?? 0, value) : first(value);
          present[i] = 1;
        }
      },
      finish: () => ({ values, present }),
    };
  };
}

/** Sums that do not lose small terms: see functions/sums.ts, here for a whole row at once. */
function sum(count: number): Accumulator {
  const values = new Float64Array(count);
  const compensation = new Float64Array(count);
  const present = new Uint8Array(count);
  return {
    add({ values: given, present: there }) {
      for (let i = 0; i < count; i++) {
        if (!there[i]) continue;
        present[i] = 1;
        addTo(values, compensation, i, given[i] ?? 0);
      }
    },
    finish: () => ({ values: values.map((value, i) => value + (compensation[i] ?? 0)), present }),
  };
}

function avg(count: number): Accumulator {
  const values = new Float64Array(count);
  const compensation = new Float64Array(count);
  const counts = new Float64Array(count);
  // 1 where the sum would have overflowed and a running mean is kept in its place.
  const running = new Uint8Array(count);
  const addOne = (i: number, value: number) => {
    const seen = (counts[i] ?? 0) + 1;
    counts[i] = seen;
    if (!running[i]) {
      const next = (values[i] ?? 0) + value;
      if (seen === 1 || Number.isFinite(next) || Number.isNaN(next))
        return addTo(values, compensation, i, value);
      running[i] = 1;
      values[i] = (values[i] ?? 0) / (seen - 1);
      compensation[i] = (compensation[i] ?? 0) / (seen - 1);
    }
    const weight = (seen - 1) / seen;
    values[i] = (values[i] ?? 0) * weight;
    compensation[i] = (compensation[i] ?? 0) * weight;
    addTo(values, compensation, i, value / seen);
  };
  return {
    add(column) {
      for (let i = 0; i < count; i++) if (column.present[i]) addOne(i, column.values[i] ?? 0);
    },
    finish: () => ({
      values: values.map((value, i) => {
        const divisor = running[i] ? 1 : (counts[i] ?? 1);
        return value / divisor + (compensation[i] ?? 0) / divisor;
      }),
      present: Uint8Array.from(counts, (seen) => (seen > 0 ? 1 : 0)),
    }),
  };
}

/** Population variance, by Welford's method. */
const spread =
  (root: boolean) =>
  (count: number): Accumulator => {
    const means = new Float64Array(count);
    const squares = new Float64Array(count);
    const counts = new Float64Array(count);
    return {
      add(column) {
        for (let i = 0; i < count; i++) {
          if (!column.present[i]) continue;
          const value = column.values[i] ?? 0;
          const seen = (counts[i] ?? 0) + 1;
          const delta = value - (means[i] ?? 0);
          const mean = (means[i] ?? 0) + delta / seen;
          counts[i] = seen;
          means[i] = mean;
          // The spread of something infinite is not known.
          squares[i] = (squares[i] ?? 0) + delta * (value - mean);
        }
      },
      finish: () => ({
        values: squares.map((square, i) => {
          const variance = square / (counts[i] ?? 1);
          return root ? Math.sqrt(variance) : variance;
        }),
        present: Uint8Array.from(counts, (seen) => (seen > 0 ? 1 : 0)),
      }),
    };
  };

const itself = (value: number) => value;

export const accumulators: Record<string, Open> = {
  sum: totalsOf("sum", sum),
  avg: totalsOf("avg", avg),
  min: floatsOnly(
    "min",
    simple((held, value) => (held > value || Number.isNaN(held) ? value : held), itself),
  ),
  max: floatsOnly(
    "max",
    simple((held, value) => (held < value || Number.isNaN(held) ? value : held), itself),
  ),
  count: simple(
    (held) => held + 1,
    () => 1,
  ),
  group: simple(
    () => 1,
    () => 1,
  ),
  stddev: floatsOnly("stddev", spread(true)),
  stdvar: floatsOnly("stdvar", spread(false)),
};

import type { Sink } from "@havn/clickhouse";
import type { Series } from "@havn/promql/querier";
import { readNative } from "./native.ts";

export type Columns = Pick<Series, "timestamps" | "values">;

export interface ChunkColumns {
  /** Beside the ids. */
  columns: (Columns | undefined)[];
  /** Places of the ids that have two different values at one time. */
  contested: number[];
  /** Rows that came, those of others included. */
  samples: number;
}

/** A stretch of one series' samples as it came: views into a block. */
type Run = Columns;

/**
 * Samples of a chunk of series, from ClickHouse's Native format with the columns id, milliseconds, value, in the order
 * of their parts. Nothing is copied where a series came in one stretch. Two different values at one time are left to who
 * knows which was written last.
 */
export function columnsOf(ids: BigUint64Array): Sink<ChunkColumns> {
  const places = new Map<bigint, number>();
  for (let at = 0; at < ids.length; at++) places.set(ids[at] ?? 0n, at);
  const runs = new Array<Run[] | undefined>(ids.length);
  let samples = 0;
  const reader = readNative(3, ([idBits, timestamps, values]) => {
    if (!idBits || !timestamps || !values) return;
    samples += idBits.length;
    eachRun(idBits, (id, from, to) => {
      const place = places.get(id);
      if (place === undefined) return;
      const run = { timestamps: timestamps.subarray(from, to), values: values.subarray(from, to) };
      const own = runs[place];
      if (own) own.push(run);
      else runs[place] = [run];
    });
  });
  return {
    push: reader.push,
    end() {
      reader.end();
      const contested: number[] = [];
      const room = roomFor(runs);
      const columns = Array.from(runs, (own, at) => {
        if (!own) return undefined;
        const joined = joinRuns(own, room);
        if (!joined) contested.push(at);
        return joined;
      });
      return { columns, contested, samples };
    },
  };
}

/** Tells each stretch of equal ids. */
function eachRun(idBits: Float64Array, tell: (id: bigint, from: number, to: number) => void): void {
  const ids = new BigUint64Array(idBits.buffer);
  const halves = new Uint32Array(idBits.buffer);
  for (let from = 0; from < ids.length; ) {
    const to = endOfRun(halves, from, ids.length);
    tell(ids[from] ?? 0n, from, to);
    from = to;
  }
}

function endOfRun(halves: Uint32Array, from: number, rows: number): number {
  const [low, high] = [halves[from * 2], halves[from * 2 + 1]];
  let to = from + 1;
  while (to < rows && halves[to * 2] === low && halves[to * 2 + 1] === high) to++;
  return to;
}

/** In order of time, each time once; undefined where one time has two different values. */
function joinRuns(runs: Run[], room: Room): Columns | undefined {
  const [first] = runs;
  if (!first) return undefined;
  if (runs.length > 1) runs.sort((a, b) => (a.timestamps[0] ?? 0) - (b.timestamps[0] ?? 0));
  const joined = runs.length === 1 ? first : concatenated(runs, room);
  return isAscending(joined.timestamps) ? joined : inOrder(joined);
}

/** Memory for all series that came in several stretches: asking for it series by series would cost more than copying. */
interface Room {
  timestamps: Float64Array;
  values: Float64Array;
  used: number;
}

function roomFor(runs: readonly (Run[] | undefined)[]): Room {
  let samples = 0;
  for (const own of runs) if (own && own.length > 1) for (const { values } of own) samples += values.length;
  return { timestamps: new Float64Array(samples), values: new Float64Array(samples), used: 0 };
}

function concatenated(runs: readonly Run[], room: Room): Columns {
  const from = room.used;
  const bytes = new Uint8Array(room.values.buffer);
  for (const run of runs) {
    room.timestamps.set(run.timestamps, room.used);
    // As bytes: as numbers, staleness markers could lose what tells them from other NaNs.
    bytes.set(new Uint8Array(run.values.buffer, run.values.byteOffset, run.values.byteLength), room.used * 8);
    room.used += run.values.length;
  }
  return {
    timestamps: room.timestamps.subarray(from, room.used),
    values: room.values.subarray(from, room.used),
  };
}

function isAscending(timestamps: Float64Array): boolean {
  for (let at = 1; at < timestamps.length; at++)
    if (!((timestamps[at] ?? 0) > (timestamps[at - 1] ?? 0))) return false;
  return true;
}

/** Parts that were not merged yet overlap. */
function inOrder({ timestamps, values }: Columns): Columns | undefined {
  const order = Uint32Array.from(timestamps.keys()).sort(
    (a, b) => (timestamps[a] ?? 0) - (timestamps[b] ?? 0),
  );
  const bits = new BigUint64Array(
    values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength),
  );
  const sorted = new Float64Array(order.length);
  const sortedBits = new BigUint64Array(order.length);
  let to = 0;
  for (const from of order) {
    const time = timestamps[from] ?? 0;
    const value = bits[from] ?? 0n;
    if (to > 0 && sorted[to - 1] === time) {
      if (sortedBits[to - 1] !== value) return undefined;
      continue;
    }
    sorted[to] = time;
    sortedBits[to++] = value;
  }
  return { timestamps: sorted.subarray(0, to), values: new Float64Array(sortedBits.buffer, 0, to) };
}

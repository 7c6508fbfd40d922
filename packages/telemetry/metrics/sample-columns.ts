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
  const runs = new Runs(ids);
  let samples = 0;
  const take = ([idBits, timestamps, values]: readonly Float64Array[]) => {
    if (!idBits || !timestamps || !values) return;
    samples += idBits.length;
    runs.add(idBits, { timestamps, values });
  };
  const reader = readNative(3, take, 1);
  return {
    push: reader.push,
    end() {
      reader.end();
      const contested: number[] = [];
      const room = runs.room();
      const columns = Array.from(ids, (_, at) => {
        const own = runs.of(at);
        if (own.length === 0) return undefined;
        const joined = joinRuns(own, room);
        if (!joined) contested.push(at);
        return joined;
      });
      return { columns, contested, samples };
    },
  };
}

/** Stretches of equal ids in blocks, by series. There are millions of them: as numbers in columns, not as objects. */
class Runs {
  readonly #ids: BigUint64Array;
  /** Halves of the ids, which are compared without making a bigint. */
  readonly #halves: Uint32Array;
  readonly #blocks: Columns[] = [];
  /** Of each series 1 more than its first and its last run. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** Of each run: its block, where it begins and ends there, and 1 more than the next of the series. */
  #runs = new Int32Array(4 * 1024);
  #count = 0;
  #place = -1;

  constructor(ids: BigUint64Array) {
    this.#ids = ids;
    this.#halves = new Uint32Array(ids.buffer, ids.byteOffset, ids.length * 2);
    this.#first = new Int32Array(ids.length);
    this.#last = new Int32Array(ids.length);
  }

  add(idBits: Float64Array, block: Columns): void {
    this.#blocks.push(block);
    const halves = new Uint32Array(idBits.buffer);
    for (let from = 0; from < idBits.length; ) {
      const to = endOfRun(halves, from, idBits.length);
      const place = this.#placeOf(halves[from * 2] ?? 0, halves[from * 2 + 1] ?? 0);
      if (place >= 0) this.#push(place, from, to);
      from = to;
    }
  }

  /** Stretches of the series at a place, as views. */
  of(place: number): Run[] {
    const found: Run[] = [];
    for (let run = (this.#first[place] ?? 0) - 1; run >= 0; run = (this.#runs[run * 4 + 3] ?? 0) - 1) {
      const block = this.#blocks[this.#runs[run * 4] ?? 0];
      const [from, to] = [this.#runs[run * 4 + 1], this.#runs[run * 4 + 2]];
      if (block)
        found.push({
          timestamps: block.timestamps.subarray(from, to),
          values: block.values.subarray(from, to),
        });
    }
    return found;
  }

  /** For all series that came in several stretches. */
  room(): Room {
    let samples = 0;
    for (const [place, first] of this.#first.entries()) {
      if (first === this.#last[place]) continue;
      for (let run = first - 1; run >= 0; run = (this.#runs[run * 4 + 3] ?? 0) - 1)
        samples += (this.#runs[run * 4 + 2] ?? 0) - (this.#runs[run * 4 + 1] ?? 0);
    }
    return { timestamps: new Float64Array(samples), values: new Float64Array(samples), used: 0 };
  }

  #push(place: number, from: number, to: number): void {
    if (this.#count * 4 === this.#runs.length) {
      const grown = new Int32Array(this.#runs.length * 2);
      grown.set(this.#runs);
      this.#runs = grown;
    }
    const at = this.#count++ * 4;
    this.#runs[at] = this.#blocks.length - 1;
    this.#runs[at + 1] = from;
    this.#runs[at + 2] = to;
    const last = this.#last[place] ?? 0;
    if (last === 0) this.#first[place] = this.#count;
    else this.#runs[(last - 1) * 4 + 3] = this.#count;
    this.#last[place] = this.#count;
  }

  /** In a part, ids ascend: mostly it is the next one. -1 for ids that are none of these. */
  #placeOf(low: number, high: number): number {
    const next = this.#place + 1;
    if (this.#halves[next * 2] === low && this.#halves[next * 2 + 1] === high) {
      this.#place = next;
      return next;
    }
    const id = BigInt(high) * 2n ** 32n + BigInt(low);
    let [from, to] = [0, this.#ids.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#ids[middle] ?? 0n) < id) from = middle + 1;
      else to = middle;
    }
    if (this.#ids[from] !== id) return -1;
    this.#place = from;
    return from;
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

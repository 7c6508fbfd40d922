import type { Labels } from "@havn/model";
import { ByteReader } from "../protocols/agent/bytes.ts";

export interface DecodedSeries {
  /** Ascending. */
  ids: BigUint64Array;
  /** Beside the ids. */
  labels: Labels[];
}

/** Rows that may be put in order by numbers that hold a place beside half of an id. */
const mostByNumbers = 2 ** 21;

/**
 * Rows of RowBinary (id, name, names of labels, their values) by their ids, each of which comes once. There may be 100,000
 * of them, so what most rows share, names above all, becomes a text once.
 */
export function decodeSeries(bytes: Uint8Array): DecodedSeries {
  const reader = new ByteReader(bytes);
  const names = new LabelNames(reader);
  const texts: Texts[] = [];
  const ids: bigint[] = [];
  const labels: Labels[] = [];
  const textAt = (column: number): string => {
    let own = texts[column];
    if (!own) {
      own = new Texts(reader);
      texts[column] = own;
    }
    return own.next();
  };
  while (!reader.done) {
    ids.push(reader.uint64());
    const own: Record<string, string> = { __name__: textAt(0) };
    const keys = names.next();
    const values = reader.varint();
    for (let at = 0; at < values; at++) own[keys[at] ?? ""] = textAt(at + 1);
    labels.push(own);
  }
  const unordered = BigUint64Array.from(ids);
  const order = orderOf(unordered);
  return {
    ids: BigUint64Array.from(order, (at) => unordered[at] ?? 0n),
    labels: Array.from(order, (at) => labels[at] ?? {}),
  };
}

/** Arrays of texts, most of which are those of the row before. */
class LabelNames {
  readonly #reader: ByteReader;
  #from = 0;
  #to = 0;
  #latest: readonly string[] = [];

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  next(): readonly string[] {
    const reader = this.#reader;
    const { bytes } = reader;
    const from = reader.position;
    const size = this.#to - this.#from;
    // The count and the sizes are compared too: what is equal is the same names.
    if (size > 0 && isSame(bytes, { a: this.#from, b: from, size })) {
      reader.skip(size);
      return this.#latest;
    }
    this.#latest = Array.from({ length: reader.count(1) }, () => reader.string());
    this.#from = from;
    this.#to = reader.position;
    return this.#latest;
  }
}

const slots = 64;

/** Texts of one label: what was there a moment ago is not made again. */
class Texts {
  readonly #reader: ByteReader;
  readonly #known = new Array<string>(slots).fill("");
  readonly #starts = new Int32Array(slots);
  readonly #sizes = new Int32Array(slots).fill(-1);

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  next(): string {
    const reader = this.#reader;
    const { bytes } = reader;
    const size = reader.varint();
    const start = reader.skip(size);
    const last = bytes[start + size - 1] ?? 0;
    const slot = (size + last * 7 + (bytes[start + (size >> 1)] ?? 0) * 3) % slots;
    if (this.#sizes[slot] === size && isSame(bytes, { a: this.#starts[slot] ?? 0, b: start, size }))
      return this.#known[slot] ?? "";
    const text = bytes.toString("utf8", start, start + size);
    this.#known[slot] = text;
    this.#starts[slot] = start;
    this.#sizes[slot] = size;
    return text;
  }
}

function isSame(bytes: Uint8Array, { a, b, size }: { a: number; b: number; size: number }): boolean {
  if (b + size > bytes.length) return false;
  for (let i = size - 1; i >= 0; i--) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

/** Places of the ids, ascending by id. */
function orderOf(ids: BigUint64Array): Uint32Array {
  const order = Uint32Array.from(ids.keys());
  const byId = (a: number, b: number) => ((ids[a] ?? 0n) < (ids[b] ?? 0n) ? -1 : 1);
  if (ids.length > mostByNumbers) return order.sort(byId);
  // Half of an id and the place fit a number exactly, which is sorted many times faster than by asking what is less.
  const halves = new Uint32Array(ids.buffer);
  const keys = Float64Array.from(order, (at) => (halves[at * 2 + 1] ?? 0) * mostByNumbers + at).sort();
  for (let i = 0; i < keys.length; i++) {
    const at = (keys[i] ?? 0) % mostByNumbers;
    let to = i;
    // Ids with the same half, of which there are hardly any.
    for (; to > 0 && (ids[order[to - 1] ?? 0] ?? 0n) > (ids[at] ?? 0n); to--) order[to] = order[to - 1] ?? 0;
    order[to] = at;
  }
  return order;
}

import type { Labels } from "@havn/model";
import { HavnError, labelsKey } from "@havn/model";
import { ByteWriter } from "./bytes.ts";
import { malformed, openBatch, sealBatch } from "./envelope.ts";

/**
 * The body of a batch of samples: the strings, each once; the series, each a list of (name, value) as indexes into
 * the strings, names ascending; then three columns: series index (uint32), milliseconds (float64), value (float64).
 */
const latest = 2 ** 42; // the year 2109

/** The low and high halves of the float64 that ends a series, as Prometheus writes it. */
export const staleMarker = { low: 2, high: 0x7ff00000 } as const;

/** What an agent fills and sends. Columns are kept as they will travel. */
export class SampleBuffer {
  readonly #series = new Map<string, { index: number; labels: Labels }>();
  readonly #byObject = new Map<Labels, number>();
  #indexes = new Uint32Array(1024);
  #timestamps = new Float64Array(1024);
  #values = new Float64Array(1024);
  size = 0;

  /** `labels` must not be changed afterwards. An object that is passed again is found without being read. */
  add(labels: Labels, timestamp: number, value: number): void {
    this.#reserve();
    this.#indexes[this.size] = this.#indexOf(labels);
    this.#timestamps[this.size] = timestamp;
    this.#values[this.size] = value;
    this.size++;
  }

  addStale(labels: Labels, timestamp: number): void {
    this.add(labels, timestamp, 0);
    // Written as bits: as a number, the marker could lose the payload that tells it from other NaNs.
    const halves = new Uint32Array(this.#values.buffer, (this.size - 1) * 8, 2);
    halves[0] = staleMarker.low;
    halves[1] = staleMarker.high;
  }

  encode(): Uint8Array {
    const strings = new Map<string, number>();
    const series = new ByteWriter();
    const index = (text: string) => {
      const known = strings.get(text) ?? strings.size;
      if (known === strings.size) strings.set(text, known);
      return known;
    };
    series.varint(this.#series.size);
    for (const { labels } of this.#series.values()) {
      const names = Object.keys(labels)
        .filter((name) => labels[name] !== "")
        .sort();
      series.varint(names.length);
      for (const name of names) {
        series.varint(index(name));
        series.varint(index(labels[name] ?? ""));
      }
    }
    const body = new ByteWriter();
    body.varint(strings.size);
    for (const text of strings.keys()) body.string(text);
    body.raw(series.view());
    body.varint(this.size);
    for (const column of [this.#indexes, this.#timestamps, this.#values])
      body.raw(new Uint8Array(column.buffer, 0, this.size * column.BYTES_PER_ELEMENT));
    return sealBatch("samples", body.view());
  }

  #indexOf(labels: Labels): number {
    let index = this.#byObject.get(labels);
    if (index !== undefined) return index;
    const key = labelsKey(labels);
    index = this.#series.get(key)?.index ?? this.#series.size;
    this.#series.set(key, { index, labels });
    this.#byObject.set(labels, index);
    return index;
  }

  #reserve(): void {
    if (this.size < this.#indexes.length) return;
    const grow = <T extends Uint32Array | Float64Array>(larger: T, old: T): T => {
      new Uint8Array(larger.buffer).set(new Uint8Array(old.buffer));
      return larger;
    };
    this.#indexes = grow(new Uint32Array(this.size * 2), this.#indexes);
    this.#timestamps = grow(new Float64Array(this.size * 2), this.#timestamps);
    this.#values = grow(new Float64Array(this.size * 2), this.#values);
  }
}

/** Decoded columns. `series` holds each series' names and values in turn, names ascending, no empty values. */
export interface SampleBatch {
  resent: boolean;
  series: string[][];
  indexes: Uint32Array;
  timestamps: Float64Array;
  /** Float64 bits, in pairs of halves: markers stay exact. */
  valueBits: Uint32Array;
}

/** `stamp` are labels that the sender does not choose: they replace its own. Throws a HavnError 400. */
export function decodeSamples(bytes: Uint8Array, stamp: Labels): SampleBatch {
  const { resent, body } = openBatch("samples", bytes);
  try {
    const strings: string[] = new Array(body.count(1));
    for (let at = 0; at < strings.length; at++) strings[at] = body.string();
    const stamped = Object.keys(stamp).sort();
    const series: string[][] = new Array(body.count(1));
    for (let at = 0; at < series.length; at++) {
      const labels: string[] = new Array(body.count(2) * 2);
      for (let part = 0; part < labels.length; part++) {
        const text = strings[body.varint()];
        if (text === undefined) throw new TypeError("a label refers to a string that is not there");
        labels[part] = text;
      }
      series[at] = stampLabels(checkLabels(labels), stamped, stamp);
    }
    const count = body.count(20);
    const indexes = body.uint32s(count);
    const timestamps = body.float64s(count);
    const valueBits = body.uint32s(count * 2);
    if (!body.done) throw new TypeError("bytes follow its end");
    for (let at = 0; at < count; at++) {
      if ((indexes[at] ?? 0) >= series.length)
        throw new TypeError("a sample refers to a series that is not there");
      const time = timestamps[at] ?? Number.NaN;
      if (!(time >= 0 && time < latest && Number.isInteger(time)))
        throw new TypeError(`a sample's time is ${time}: expected whole milliseconds since 1970`);
    }
    return { resent, series, indexes, timestamps, valueBits };
  } catch (cause) {
    if (cause instanceof HavnError) throw cause;
    throw malformed("samples", (cause as Error).message, cause);
  }
}

function checkLabels(labels: string[]): string[] {
  let named = false;
  let empty = false;
  for (let at = 0; at < labels.length; at += 2) {
    const name = labels[at] ?? "";
    if (name === "__name__" && labels[at + 1] !== "") named = true;
    if (labels[at + 1] === "") empty = true;
    if (name === "" || (at > 0 && name <= (labels[at - 2] ?? "")))
      throw new TypeError("label names are not ascending");
  }
  if (!named) throw new TypeError("a series has no __name__");
  if (!empty) return labels;
  return labels.filter((_, at) => labels[at | 1] !== "");
}

function stampLabels(labels: string[], names: readonly string[], stamp: Labels): string[] {
  const same = names.every((name) => {
    const at = labels.indexOf(name);
    return at >= 0 && at % 2 === 0 && labels[at + 1] === stamp[name];
  });
  if (same) return labels;
  const merged = new Map<string, string>();
  for (let at = 0; at < labels.length; at += 2) merged.set(labels[at] ?? "", labels[at + 1] ?? "");
  for (const name of names) merged.set(name, stamp[name] ?? "");
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
}

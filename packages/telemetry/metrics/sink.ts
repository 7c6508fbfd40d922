import type { MetricBatch } from "./batch.ts";
import { histogramFault, type NativeHistogram } from "./histogram.ts";
import { LabelFault, normalLabels, type Stamp, showLabels } from "./labels.ts";
import type { Newcomers } from "./newcomers.ts";
import type { SeriesRegistry } from "./registry.ts";

/** Where protocols put what they decode: checks labels and times, counts what it refuses, and never throws for one. */
export class Sink {
  readonly batch: MetricBatch;
  readonly stamp: Stamp;
  readonly #registry: SeriesRegistry;
  /** Milliseconds; times outside cannot be kept. */
  readonly oldest: number;
  readonly latest: number;
  readonly #newcomers: Newcomers | undefined;

  constructor(options: {
    registry: SeriesRegistry;
    stamp: Stamp;
    oldest: number;
    latest: number;
    newcomers?: Newcomers;
  }) {
    this.#newcomers = options.newcomers;
    this.#registry = options.registry;
    this.batch = options.registry.open();
    this.stamp = options.stamp;
    this.oldest = options.oldest;
    this.latest = options.latest;
  }

  /** What was understood of a sender's bytes before; of a protocol's own. */
  keys(protocol: string) {
    return this.#registry.keys(`${protocol}\0${this.stamp.env ?? ""}`);
  }

  /** Of labels in turn, in any order; -1 where they cannot be stored. `samples`: how many are lost with them. */
  reference(pairs: readonly string[], samples = 1): number {
    try {
      const labels = normalLabels(pairs, this.stamp);
      const newcomers = this.#newcomers;
      if (!newcomers) return this.#registry.reference(labels);
      const reference = this.#registry.reference(labels, () => newcomers.admit(labels));
      if (reference < 0) this.batch.refuse(newcomers.reason, showLabels(pairs), samples);
      return reference;
    } catch (error) {
      if (!(error instanceof LabelFault)) throw error;
      this.batch.refuse(error.message, showLabels(pairs), samples);
      return -1;
    }
  }

  /** `start`: since when it counts, in milliseconds; 0 where that is not known. */
  sample(reference: number, time: number, low: number, high: number, start = 0): void {
    if (!this.#timely(time)) return;
    this.batch.sample(reference, time, low, high);
    if (start > 0 && start <= this.latest) this.batch.start(reference, time, start);
  }

  value(reference: number, time: number, value: number, start = 0): void {
    doubles[0] = value;
    this.sample(reference, time, halves[0] ?? 0, halves[1] ?? 0, start);
  }

  stale(reference: number, time: number): void {
    this.sample(reference, time, 2, 0x7ff00000);
  }

  histogram(reference: number, time: number, histogram: NativeHistogram, start = 0): void {
    if (!this.#timely(time)) return;
    const fault = histogramFault(histogram);
    if (fault) {
      this.batch.refuse(`a native histogram is not valid: ${fault}`, "");
      return;
    }
    this.batch.histogram(reference, time, histogram);
    if (start > 0 && start <= this.latest) this.batch.start(reference, time, start);
  }

  exemplar(reference: number, time: number, value: number, labels: readonly string[]): void {
    // An exemplar is an extra: one that is too old or too large is left out, not held against its sender.
    const size = labels.reduce((sum, text) => sum + text.length, 0);
    if (time >= this.oldest && time <= this.latest && size <= 4_096)
      this.batch.exemplar(reference, time, value, labels);
  }

  #timely(time: number): boolean {
    if (time >= this.oldest && time <= this.latest) return true;
    const when = Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
    this.batch.refuse(
      time < this.oldest ? "a time is older than samples are kept" : "a time lies more than a day ahead",
      when,
    );
    return false;
  }
}

const doubles = new Float64Array(1);
const halves = new Uint32Array(doubles.buffer);

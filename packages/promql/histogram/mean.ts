import { divided } from "./arithmetic.ts";
import type { Histogram } from "./histogram.ts";
import { type Added, HistogramSum } from "./sum.ts";

/** The mean of histograms; goes over to a running mean where the sum would overflow. */
export class HistogramMean {
  #sum: HistogramSum;
  #count = 1;
  #running = false;

  constructor(first: Histogram) {
    this.#sum = new HistogramSum(first);
  }

  add(other: Histogram): Added | undefined {
    const count = this.#count + 1;
    if (!this.#running) {
      const next = this.#sum.clone();
      const added = next.add(other);
      if (!added) return undefined;
      if (!next.overflowed) {
        this.#sum = next;
        this.#count = count;
        return added;
      }
      this.#running = true;
      this.#sum.scale((value) => value / (count - 1));
    }
    this.#sum.scale((value) => value * ((count - 1) / count));
    this.#count = count;
    return this.#sum.add(divided(other, count));
  }

  get total(): Histogram {
    if (this.#running) return this.#sum.total;
    const mean = this.#sum.clone();
    mean.scale((value) => value / this.#count);
    return mean.total;
  }
}

/** Windows `(end - rangeMs, end]` with `end = base + i * stride` for i < count; all in milliseconds. */
export interface WindowGrid {
  base: number;
  stride: number;
  count: number;
  rangeMs: number;
}

/**
 * Where each window of a grid lies among samples, as indexes `from` ≤ i < `to`. It depends on times alone, and series
 * of one target share theirs: it is found once for all of them, with what extrapolation needs of it.
 */
export class Windows {
  readonly times: Float64Array;
  readonly grid: WindowGrid;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Samples in all windows together. */
  readonly total: number;
  /** Samples in the longest one. */
  readonly longest: number;
  #stretch: Stretch | undefined;

  constructor(times: Float64Array, grid: WindowGrid) {
    this.times = times;
    this.grid = grid;
    this.from = new Int32Array(grid.count);
    this.to = new Int32Array(grid.count);
    let [from, to, total, longest] = [0, 0, 0, 0];
    for (let i = 0; i < grid.count; i++) {
      const end = grid.base + i * grid.stride;
      while (to < times.length && (times[to] ?? 0) <= end) to++;
      while (from < to && (times[from] ?? 0) <= end - grid.rangeMs) from++;
      this.from[i] = from;
      this.to[i] = to;
      total += to - from;
      if (to - from > longest) longest = to - from;
    }
    this.total = total;
    this.longest = longest;
  }

  get stretch(): Stretch {
    this.#stretch ??= new Stretch(this);
    return this.#stretch;
  }
}

/** By how much a change between a window's first and last sample is stretched to its edges: see extrapolate.ts. */
class Stretch {
  /** In seconds. */
  readonly sampled: Float64Array;
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  /** Of what does not stop at zero. */
  readonly factor: Float64Array;
  /** The same, as a rate of the whole window. */
  readonly perSecond: Float64Array;

  constructor({ times, grid, from, to }: Windows) {
    this.sampled = new Float64Array(grid.count);
    this.toStart = new Float64Array(grid.count);
    this.toEnd = new Float64Array(grid.count);
    this.factor = new Float64Array(grid.count);
    this.perSecond = new Float64Array(grid.count);
    for (let i = 0; i < grid.count; i++) {
      const gaps = (to[i] ?? 0) - (from[i] ?? 0) - 1;
      if (gaps < 1) continue;
      const first = times[from[i] ?? 0] ?? 0;
      const last = times[(to[i] ?? 0) - 1] ?? 0;
      const end = grid.base + i * grid.stride;
      const sampled = (last - first) / 1000;
      const mean = sampled / gaps;
      let toStart = (first - (end - grid.rangeMs)) / 1000;
      if (toStart >= mean * 1.1) toStart = mean / 2;
      let toEnd = (end - last) / 1000;
      if (toEnd >= mean * 1.1) toEnd = mean / 2;
      this.sampled[i] = sampled;
      this.toStart[i] = toStart;
      this.toEnd[i] = toEnd;
      const factor = (sampled + toStart + toEnd) / sampled;
      this.factor[i] = factor;
      this.perSecond[i] = factor / (grid.rangeMs / 1000);
    }
  }
}

/** Different columns of times that are kept: targets, mostly, that are scraped at moments of their own. */
const mostKept = 2048;

/** Gives the windows over a series' times: the same object for the same times. */
export function sharedWindows(grid: WindowGrid): (times: Float64Array) => Windows {
  let kept = new Map<number, Windows[]>();
  let count = 0;
  let latest: Windows | undefined;
  return (times) => {
    if (latest && areEqual(latest.times, times)) return latest;
    const key = keyOf(times);
    const alike = kept.get(key);
    latest = alike?.find((windows) => areEqual(windows.times, times));
    if (latest) return latest;
    latest = new Windows(times, grid);
    if (++count > mostKept) {
      kept = new Map();
      count = 1;
    }
    kept.set(key, [...(kept.get(key) ?? []), latest]);
    return latest;
  };
}

const keyOf = (times: Float64Array): number =>
  (times.length * 31 + ((times[0] ?? 0) % 1e9)) * 31 +
  ((times[times.length >> 1] ?? 0) % 1e9) * 7 +
  ((times.at(-1) ?? 0) % 1e9);

function areEqual(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  // From the end: a later sample is where two series of one selection differ first.
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}

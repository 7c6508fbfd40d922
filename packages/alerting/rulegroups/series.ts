import type { Labels } from "@havn/model";
import type { Histogram } from "@havn/promql";

export interface TimedSample {
  /** With `__name__`. */
  labels: Labels;
  /** Milliseconds since the epoch. */
  time: number;
  /** `"stale"` ends the series. */
  value: number | Histogram | "stale";
}

/** The store of series, as recording rules need it. */
export interface Series {
  /** Resolves when it is on disk. Samples of one series and time count once, the last one written. */
  write(environment: string, samples: readonly TimedSample[]): Promise<void>;
  /** Makes what was written visible to queries. */
  flush(): Promise<void>;
}

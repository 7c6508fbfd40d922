import { type AlertHandle, declareAlert, fault, type Said } from "./observe.ts";

export interface SeasonOptions extends Said {
  /**
   * PromQL of the value that is looked at.
   * @example expr: "sum by (service) (rate(http_requests_total[5m]))"
   */
  expr: string;
  /**
   * After how long it comes to the same again. Default: "1w".
   * @example season: "1d"
   */
  season?: string;
  /**
   * How many seasons back are looked at; half of them must be known. Default: 4.
   * @example seasons: 3
   */
  seasons?: number;
  /**
   * How far around the same time of a season counts. Default: "20m".
   * @example window: "1h"
   */
  window?: string;
}

export interface AnomalyOptions extends SeasonOptions {
  /**
   * How many robust standard deviations around the median are usual. Default: 4.
   * @example deviations: 6
   */
  deviations?: number;
  /**
   * Share of the median that is never called unusual, however calm the past was. Default: 0.1.
   * @example tolerance: 0.3
   */
  tolerance?: number;
  /**
   * Which side is told. Default: "both".
   * @example side: "above"
   */
  side?: "both" | "above" | "below";
}

/**
 * A value outside of what was usual at the same time of the weeks before: the median of those, ± so many deviations. The
 * band is kept as the series `havn_alert_band_lower`, `…_upper` and `…_value` with the label `alert`.
 *
 * @example anomaly("traffic", { expr: "sum(rate(http_requests_total[5m]))", for: "10m" });
 */
export function anomaly(name: string, options: AnomalyOptions): AlertHandle {
  const {
    season = "1w",
    seasons = 4,
    window = "20m",
    deviations = 4,
    tolerance = 0.1,
    side = "both",
  } = options;
  const {
    season: _,
    seasons: __,
    window: ___,
    deviations: ____,
    tolerance: _____,
    side: ______,
    ...said
  } = options;
  const around =
    season === "1w"
      ? "at this time of the week"
      : season === "1d"
        ? "at this time of the day"
        : `every ${season}`;
  return declareAlert(name, {
    interval: "1m",
    summary:
      `{{ with $labels.host }}{{ . }}: {{ end }}${name} is {{ $value | humanize }}; ${around} it is usually ` +
      "{{ $facts.lower | humanize }} to {{ $facts.upper | humanize }} (median {{ $facts.median | humanize }})",
    ...said,
    detect: { kind: "band", season, seasons, window, deviations, tolerance, side },
  });
}

export interface RatioOptions extends SeasonOptions {
  /**
   * Fires above so many times what was usual.
   * @example above: 3
   */
  above?: number;
  /**
   * Fires below so many times what was usual.
   * @example below: 0.5
   */
  below?: number;
}

/**
 * A value that is so many times what was usual at the same time of the weeks before.
 *
 * @example ratioToHistory("orders", { expr: "sum(rate(orders_total[10m]))", below: 0.5, for: "10m" });
 */
export function ratioToHistory(name: string, options: RatioOptions): AlertHandle {
  const { season = "1w", seasons = 4, window = "20m", above, below, ...said } = options;
  if (above === undefined && below === undefined)
    fault(name, 'A ratio needs above, below, or both. Write for example "below: 0.5"');
  return declareAlert(name, {
    interval: "1m",
    summary:
      `{{ with $labels.host }}{{ . }}: {{ end }}${name} is {{ $facts.now | humanize }}, {{ $value | humanizePercentage }} ` +
      "of the {{ $facts.median | humanize }} that is usual at this time",
    ...said,
    detect: {
      ...{ kind: "ratio", season, seasons, window },
      ...(above !== undefined && { above }),
      ...(below !== undefined && { below }),
    },
  });
}

export interface ForecastOptions extends Said {
  /**
   * PromQL of the value that is followed.
   * @example expr: "node_filesystem_avail_bytes"
   */
  expr: string;
  /**
   * The value that is meant. Default: 0.
   * @example reaches: 1e9
   */
  reaches?: number;
  /**
   * Whether it comes from above or from below. Default: "down".
   * @example towards: "up"
   */
  towards?: "down" | "up";
  /**
   * How soon it must come. Default: "4h".
   * @example within: "1d"
   */
  within?: string;
  /**
   * Through how much of the past the line is drawn. Default: "6h".
   * @example over: "12h"
   */
  over?: string;
}

/**
 * A value that will be reached soon if it goes on as it does: a line that outliers do not bend (Theil–Sen), through what
 * came after the last step, and only where the last third goes the same way. The alert's value is in how many seconds.
 *
 * @example forecast("disk-full-soon", { expr: "node_filesystem_avail_bytes", within: "4h", severity: "critical" });
 */
export function forecast(name: string, options: ForecastOptions): AlertHandle {
  const { reaches = 0, towards = "down", within = "4h", over = "6h", ...said } = options;
  return declareAlert(name, {
    ...{ interval: "1m", for: "5m" },
    summary:
      `{{ with $labels.host }}{{ . }}{{ with $labels.mountpoint }} {{ . }}{{ end }}: {{ end }}${name}: {{ $facts.now | humanize }} now, ` +
      `reaches ${reaches} in {{ $value | humanizeDuration }} if it goes on like this`,
    ...said,
    detect: { kind: "forecast", over, within, reaches, towards },
  });
}

import type { Severity } from "./checks.ts";
import { type CommonOptions, declare, type Handle, listOf } from "./environment.ts";

export interface AlertOptions extends CommonOptions {
  /**
   * PromQL. Each series of its result is an alert.
   * @example expr: "rate(http_requests_total{status=~'5..'}[5m]) > 1"
   */
  expr: string;
  /**
   * How long it must hold before it fires. Default: "0s".
   * @example for: "5m"
   */
  for?: string;
  /**
   * How bad it is. Default: "warning".
   * @example severity: "critical"
   */
  severity?: Severity;
  /**
   * What a person reads. {{ $labels.x }} and {{ $value }} are filled in.
   * @example summary: "{{ $labels.instance }} answers with errors"
   */
  summary: string;
}

/** A rule over metrics. */
export interface AlertHandle extends Handle {
  readonly type: "alert";
}

/**
 * A rule over metrics, as in Prometheus.
 *
 * @example alert("disk-full", { expr: "node_filesystem_avail_bytes < 1e9", for: "5m", summary: "{{ $labels.host }} is nearly full" });
 */
export function alert(name: string, options: AlertOptions): AlertHandle {
  const { dependsOn, ...properties } = options;
  const { address } = declare({ type: "alert", name, properties, after: listOf(dependsOn) });
  return { type: "alert", name, resource: address };
}

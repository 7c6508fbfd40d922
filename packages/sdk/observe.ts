import { type CommonOptions, complain, declare, type Handle, listOf, nameOf } from "./environment.ts";
import type { HostHandle } from "./hosts.ts";
import type { Text } from "./references.ts";

/** How bad it is: `critical` wakes someone. */
export type Severity = "info" | "warning" | "critical";

export interface HttpProbe {
  /**
   * What is asked for.
   * @example url: text`${entry.url}/healthz`
   */
  url: Text;
  /**
   * Status that must come back. Default: 200.
   * @example status: 204
   */
  status?: number;
  /**
   * Text that the body must hold. Default: any body will do.
   * @example contains: "ok"
   */
  contains?: string;
}

export interface CheckOptions extends CommonOptions {
  /**
   * Host whose agent asks.
   * @example from: lb
   */
  from: HostHandle | string;
  /**
   * An HTTP request: a URL, or more about it. Either this or `tcp`.
   * @example http: text`${entry.url}/healthz`
   */
  http?: Text | HttpProbe;
  /**
   * A TCP connection that must be taken. Either this or `http`.
   * @example tcp: { host: db.host, port: db.port }
   */
  tcp?: { host: Text; port: number };
  /**
   * How often. Default: "5s".
   * @example interval: "30s"
   */
  interval?: string;
  /**
   * How long an answer may take. Default: "3s".
   * @example timeout: "1s"
   */
  timeout?: string;
  /**
   * How bad it is. Default: "critical".
   * @example severity: "warning"
   */
  severity?: Severity;
}

/** A probe. */
export interface CheckHandle extends Handle {
  readonly type: "check";
}

/**
 * A probe from a host: what users see, asked again and again. Its failure is an alert.
 *
 * @example check("shop-answers", { from: lb, http: text`${entry.url}/healthz` });
 */
export function check(name: string, options: CheckOptions): CheckHandle {
  const { from, http, tcp, dependsOn, ...rest } = options;
  if ((http === undefined) === (tcp === undefined))
    complain(
      `check "${name}" needs exactly one probe`,
      'Write http: "http://…" or tcp: { host: …, port: … }.',
    );
  const probe =
    http === undefined
      ? { kind: "tcp", ...tcp }
      : { kind: "http", ...(isProbe(http) ? http : { url: http }) };
  const { address } = declare({
    type: "check",
    name,
    properties: { from: nameOf(from), probe, ...rest },
    after: [from, ...listOf(dependsOn)],
  });
  return { type: "check", name, resource: address };
}

const isProbe = (value: Text | HttpProbe): value is HttpProbe => typeof value === "object" && "url" in value;

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

import { createRequire } from "node:module";
import type { AlertDetect } from "@havn/model";
import type { Severity } from "./checks.ts";
import { addDiagnostics, type CommonOptions, declare, type Handle, listOf } from "./environment.ts";
import { exprFault } from "./expressions.ts";
import { callerLocation } from "./location.ts";

/** What every rule says of its alerts. */
export interface AlertWords extends CommonOptions {
  /**
   * How long it must hold before it fires. Default: "0s".
   * @example for: "5m"
   */
  for?: string;
  /**
   * How long it goes on firing when it holds no more. Default: not at all.
   * @example keepFiringFor: "10m"
   */
  keepFiringFor?: string;
  /**
   * How often it is evaluated. Default: "5s".
   * @example interval: "1m"
   */
  interval?: string;
  /**
   * How bad it is. Default: "warning".
   * @example severity: "critical"
   */
  severity?: Severity;
  /**
   * What a person reads: a template in Prometheus' language, in which {{ $labels.x }} and {{ $value }} are filled in.
   * @example summary: "{{ $labels.instance }} answers with errors"
   */
  summary: string;
  /**
   * Further labels of its alerts, by which routes may choose. Templates.
   * @example labels: { team: "shop" }
   */
  labels?: Readonly<Record<string, string>>;
  /**
   * Further texts. Templates.
   * @example annotations: { runbook: "https://wiki.example.org/{{ $labels.job }}" }
   */
  annotations?: Readonly<Record<string, string>>;
}

export interface AlertOptions extends AlertWords {
  /**
   * PromQL. Each series of its result is an alert.
   * @example expr: "rate(http_requests_total{status=~'5..'}[5m]) > 1"
   */
  expr: string;
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
export const alert = (name: string, options: AlertOptions): AlertHandle => declareAlert(name, options);

/** Of helpers: what they say where nothing else is said. */
export type Said = Omit<AlertWords, "summary"> & Partial<Pick<AlertWords, "summary">>;

export interface ThresholdOptions extends Said {
  /**
   * PromQL of the value that is looked at.
   * @example expr: "node_load1"
   */
  expr: string;
  /**
   * Fires above this.
   * @example above: 8
   */
  above?: number;
  /**
   * Fires below this.
   * @example below: 0.1
   */
  below?: number;
}

/**
 * A value that is too high or too low, with words of its own.
 *
 * @example threshold("load", { expr: "node_load1", above: 8, for: "10m" });
 */
export function threshold(name: string, options: ThresholdOptions): AlertHandle {
  const { above, below, expr, ...said } = options;
  const sides = [above !== undefined && `> ${above}`, below !== undefined && `< ${below}`].filter(
    (side) => side !== false,
  );
  const words = [above !== undefined && `above ${above}`, below !== undefined && `below ${below}`].filter(
    Boolean,
  );
  if (sides.length === 0)
    fault(name, 'A threshold needs above, below, or both. Write for example "above: 8"');
  return declareAlert(name, {
    summary: `{{ with $labels.host }}{{ . }}: {{ end }}${name} is {{ $value | humanize }}, ${words.join(" or ")}`,
    ...said,
    expr: sides.map((side) => `((${expr}) ${side})`).join(" or "),
  });
}

export interface AbsentOptions extends Said {
  /**
   * What the graph says there should be: every host of the environment, every instance of its services on each of
   * their hosts, or every target that is scraped.
   * @example of: "hosts"
   */
  of: "hosts" | "instances" | "targets";
  /**
   * PromQL of what shows that it is there, with the labels `host`, `service` and `host`, or `job` and `instance`.
   * @example expr: "node_time_seconds"
   */
  expr: string;
  /**
   * Only these hosts, services or jobs. Default: all.
   * @example only: ["web-1"]
   */
  only?: readonly string[];
}

/**
 * What should exist and does not show: the alert names it, and ends when it shows again or leaves the graph.
 *
 * @example absent("silent-host", { of: "hosts", expr: "node_time_seconds", for: "2m" });
 */
export function absent(name: string, { of, only, ...options }: AbsentOptions): AlertHandle {
  const words = {
    hosts: "host {{ $labels.host }}",
    instances: "service {{ $labels.service }} on {{ $labels.host }}",
    targets: "target {{ $labels.instance }} of job {{ $labels.job }}",
  }[of];
  return declareAlert(name, {
    ...{ for: "1m", summary: `Nothing is heard of ${words}, which should be there` },
    ...options,
    detect: { kind: "expected", of, ...(only && { only: [...only] }) },
  });
}

export interface LogAlertOptions extends Said {
  /**
   * Part of the line, in any case.
   * @example contains: "out of memory"
   */
  contains?: string;
  /**
   * This severity or a worse one.
   * @example atLeast: "error"
   */
  atLeast?: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  /**
   * Only of this service.
   * @example service: "shop"
   */
  service?: string;
  /**
   * Only of this host.
   * @example host: "web-1"
   */
  host?: string;
  /**
   * Within how long. Default: "5m".
   * @example over: "1m"
   */
  over?: string;
  /**
   * More lines than so many, of one service and host. Default: 0.
   * @example above: 10
   */
  above?: number;
}

/**
 * Lines of logs that match, more of them than may be.
 *
 * @example logAlert("out-of-memory", { contains: "out of memory", severity: "critical" });
 */
export function logAlert(name: string, options: LogAlertOptions): AlertHandle {
  const { contains, atLeast, service, host, over = "5m", above = 0, ...said } = options;
  const what = [
    atLeast && `of severity ${atLeast} or worse`,
    contains && `with "${contains.replaceAll("{{", "")}"`,
  ];
  return declareAlert(name, {
    summary: `{{ $labels.service }}{{ with $labels.host }} on {{ . }}{{ end }}: {{ $value }} lines ${what.filter(Boolean).join(" ")} within ${over}`,
    ...said,
    expr: "",
    detect: {
      ...{ kind: "logs", over, above },
      ...(contains !== undefined && { contains }),
      ...(atLeast !== undefined && { severity: atLeast }),
      ...(service !== undefined && { service }),
      ...(host !== undefined && { host }),
    },
  });
}

interface Declared extends AlertWords {
  expr: string;
  detect?: AlertDetect;
}

export function declareAlert(name: string, options: Declared): AlertHandle {
  const { dependsOn, ...properties } = options;
  const wrong = options.detect?.kind === "logs" ? undefined : exprFault(options.expr);
  if (wrong !== undefined) fault(name, `The expression cannot be read: ${wrong}`);
  const { summary, labels, annotations } = options;
  for (const [what, text] of Object.entries({ summary, ...labels, ...annotations })) {
    const bad = text.includes("{{") ? templates().templateFault(text) : undefined;
    if (bad !== undefined) fault(name, `The template of ${what} cannot be read: ${bad}`);
  }
  const { address } = declare({ type: "alert", name, properties, after: listOf(dependsOn) });
  return { type: "alert", name, resource: address };
}

export function fault(name: string, detail: string): void {
  const at = callerLocation();
  addDiagnostics([
    {
      severity: "error",
      summary: `The rule "${name}" is not valid`,
      detail: `${detail}.`,
      ...(at && { at }),
    },
  ]);
}

const load = createRequire(import.meta.url);
/** Only configurations with rules pay for loading what reads them. */
const templates = () => load("@havn/prometheus") as typeof import("@havn/prometheus");

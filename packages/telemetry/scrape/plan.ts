import { findDuration, type Labels } from "@havn/model";
import {
  type CompiledRules,
  compileRules,
  findBytes,
  relabel,
  type ScrapeProperties,
} from "@havn/prometheus";
import { decodeProto } from "../protocols/prometheus-proto/decode.ts";
import { textProtocols } from "./formats.ts";
import { largestAnswer, usualSamples } from "./limits.ts";
import { offsetOf, type Target } from "./target.ts";

/** What a found target became. */
export type Planned =
  | { kind: "active"; key: string; discovered: Labels; target: Target }
  | { kind: "dropped"; discovered: Labels; why: string };

/** A scrape config, with what follows from it computed once. */
export interface Job {
  config: ScrapeProperties;
  rules: CompiledRules;
  base: Omit<Target, "url" | "labels" | "interval" | "timeout" | "offset">;
}

export function jobOf(config: ScrapeProperties): Job {
  const metricRules = compileRules(config.metric_relabel_configs ?? []);
  const native = config.scrape_native_histograms ?? false;
  const protocols =
    config.scrape_protocols ?? (native ? (["PrometheusProto", ...textProtocols] as const) : textProtocols);
  const classic = config.always_scrape_classic_histograms ?? false;
  return {
    config,
    rules: compileRules(config.relabel_configs ?? []),
    base: {
      protocols,
      fallback: config.fallback_scrape_protocol,
      proto: (bytes, most) => decodeProto(bytes, { classic, most }),
      escaping: config.metric_name_escaping_scheme,
      honorLabels: config.honor_labels ?? false,
      honorTimestamps: config.honor_timestamps ?? true,
      trackTimestamps: config.track_timestamps_staleness ?? false,
      compressed: config.enable_compression ?? true,
      normalised: true,
      limits: {
        bytes: findBytes(config.body_size_limit ?? "0") || largestAnswer,
        // sample_limit counts what relabelling leaves, so more than that may be exposed.
        exposed: Math.max(config.sample_limit ?? 0, usualSamples),
        samples: config.sample_limit || usualSamples,
        labels: config.label_limit ?? 0,
        nameLength: config.label_name_length_limit ?? 0,
        valueLength: config.label_value_length_limit ?? 0,
      },
      ...(metricRules.length > 0 && { relabel: (labels: Labels) => relabel(labels, metricRules) }),
    },
  };
}

/** The labels that relabelling begins with. */
export function discoveredLabels(found: Labels, config: ScrapeProperties): Labels {
  const interval = config.scrape_interval ?? "1m";
  const timeout = config.scrape_timeout ?? shorter("10s", interval);
  const params = Object.entries(config.params ?? {}).map(([name, [first = ""]]) => [
    `__param_${name}`,
    first,
  ]);
  const defaults: Labels = {
    job: config.job_name,
    __scheme__: config.scheme ?? "http",
    __metrics_path__: config.metrics_path ?? "/metrics",
    __scrape_interval__: interval,
    __scrape_timeout__: timeout,
    ...Object.fromEntries(params),
  };
  return { ...defaults, ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== "")) };
}

const shorter = (a: string, b: string) => ((findDuration(a) ?? 0) <= (findDuration(b) ?? 0) ? a : b);

/** Relabels one found target, and makes of it what is scraped. */
export function planTarget({ config, rules, base }: Job, found: Labels): Planned {
  const discovered = discoveredLabels(found, config);
  const drop = (why: string): Planned => ({ kind: "dropped", discovered, why });
  const labels = relabel(discovered, rules);
  if (!labels) return drop("dropped by relabel_configs");
  const { __address__: address = "", __scheme__: scheme = "", __metrics_path__: path = "" } = labels;
  if (address === "") return drop("no address is left after relabelling");
  const interval = findDuration(labels.__scrape_interval__ ?? "") ?? 0;
  const timeout = findDuration(labels.__scrape_timeout__ ?? "") ?? 0;
  if (interval < 1 || timeout < 1 || timeout > interval)
    return drop("its interval or timeout after relabelling cannot be used");
  const url = urlOf({ scheme, address, path }, { config, labels });
  if (url === undefined) return drop(`${scheme}://${address}${path} is no address of HTTP`);
  const kept = Object.entries(labels).filter(([name]) => !name.startsWith("__"));
  const own: Labels = { ...Object.fromEntries(kept), instance: labels.instance ?? address };
  const target = { ...base, url, labels: own, interval, timeout, offset: 0 };
  target.offset = offsetOf(target, interval);
  const key = JSON.stringify([url, Object.entries(own).sort(), interval, timeout]);
  return { kind: "active", key, discovered, target };
}

function urlOf(
  { scheme, address, path }: { scheme: string; address: string; path: string },
  { config, labels }: { config: ScrapeProperties; labels: Labels },
): string | undefined {
  if (scheme !== "http" && scheme !== "https") return undefined;
  const url = URL.parse(`${scheme}://${address}`);
  if (url?.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") return undefined;
  const [bare = "", search = ""] = path.split("?");
  url.pathname = bare;
  const params = new URLSearchParams(search);
  for (const [name, values] of Object.entries(config.params ?? {}))
    for (const value of values) params.append(name, value);
  for (const [name, value] of Object.entries(labels)) {
    if (!name.startsWith("__param_")) continue;
    const own = name.slice("__param_".length);
    const [, ...others] = params.getAll(own);
    params.delete(own);
    for (const each of [value, ...others]) params.append(own, each);
  }
  url.search = params.toString();
  return url.href;
}

import { z } from "zod";
import { relabelRule } from "../relabel/rule.ts";
import { discoveryConfigs } from "./discovery.ts";
import { httpConfig, type SecretSchema, secretInGraph } from "./http.ts";
import { bytes, count, interval, word } from "./values.ts";

export const scrapeProtocols = [
  "PrometheusProto",
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
] as const;
export type ScrapeProtocol = (typeof scrapeProtocols)[number];
const protocol = z.enum(scrapeProtocols);

const validation = z.enum(["utf8", "legacy"]);
const escaping = z.enum(["allow-utf-8", "underscores", "dots", "values"]);

/** What `global` and a scrape config have in common: the global value counts where the other says nothing. */
export const scrapeDefaults = {
  scrape_interval: interval.optional(),
  scrape_timeout: interval.optional(),
  scrape_protocols: z.array(protocol).min(1).optional(),
  scrape_native_histograms: z.boolean().optional(),
  always_scrape_classic_histograms: z.boolean().optional(),
  convert_classic_histograms_to_nhcb: z
    .literal(false, { error: "is not done here: leave it out" })
    .optional(),
  body_size_limit: bytes.optional(),
  sample_limit: count.optional(),
  label_limit: count.optional(),
  label_name_length_limit: count.optional(),
  label_value_length_limit: count.optional(),
  target_limit: count.optional(),
  keep_dropped_targets: count.optional(),
  metric_name_validation_scheme: validation.optional(),
  metric_name_escaping_scheme: escaping.optional(),
  scrape_failure_log_file: z.string().optional(),
  extra_scrape_metrics: z.boolean().optional(),
};

const shapeOf = (secret: SecretSchema) => ({
  job_name: word.refine((name) => name !== "", "job_name is empty"),
  ...scrapeDefaults,
  fallback_scrape_protocol: protocol.optional(),
  metrics_path: z.string().optional(),
  honor_labels: z.boolean().optional(),
  honor_timestamps: z.boolean().optional(),
  track_timestamps_staleness: z.boolean().optional(),
  scheme: z.enum(["http", "https"]).optional(),
  params: z.record(z.string(), z.array(word)).optional(),
  enable_compression: z.boolean().optional(),
  native_histogram_bucket_limit: count.optional(),
  native_histogram_min_bucket_factor: z.number().optional(),
  relabel_configs: z.array(relabelRule).optional(),
  metric_relabel_configs: z.array(relabelRule).optional(),
  ...discoveryConfigs(secret),
  ...httpConfig(secret),
});

export const scrapeConfig = (secret: SecretSchema) => z.strictObject(shapeOf(secret));

/** Type `scrape`: endpoints that the control plane asks for metrics; a scrape config in Prometheus' words. */
export const scrapeProperties = z.strictObject(shapeOf(secretInGraph));
export type ScrapeProperties = z.output<typeof scrapeProperties>;

import { z } from "zod";
import { secretInFile } from "./http.ts";
import { scrapeConfig, scrapeDefaults } from "./scrape.ts";
import { duration, interval, labelSet } from "./values.ts";

/** Parts that others read: their content is not looked at. */
const elsewhere = z.unknown().optional();

/** A whole `prometheus.yml`. */
export const prometheusFile = z.strictObject({
  global: z
    .strictObject({
      ...scrapeDefaults,
      evaluation_interval: interval.optional(),
      rule_query_offset: duration.optional(),
      external_labels: labelSet.optional(),
      query_log_file: z.string().optional(),
    })
    .nullish()
    .transform((given) => given ?? {}),
  runtime: elsewhere,
  rule_files: z.array(z.string()).nullish(),
  scrape_config_files: z.array(z.string()).nullish(),
  scrape_configs: z.array(scrapeConfig(secretInFile)).nullish(),
  alerting: elsewhere,
  remote_write: elsewhere,
  remote_read: elsewhere,
  storage: elsewhere,
  tracing: elsewhere,
  otlp: elsewhere,
});
export type PrometheusFile = z.output<typeof prometheusFile>;
export const scrapeFile = z.strictObject({ scrape_configs: z.array(scrapeConfig(secretInFile)).nullish() });

/** What stands in the file and is not taken over, and where it is told instead. */
export const notTaken: Readonly<Record<string, string>> = {
  alerting: "Havn routes alerts itself: declare routes with route() and receivers with receiver().",
  remote_write: "Havn keeps what it scrapes; nothing is sent on.",
  remote_read: "Havn asks no other store.",
  storage: "How long samples are kept is set for Havn's own store.",
  tracing: "Havn's queries are not traced.",
  otlp: "Resource attributes become labels as Havn does it.",
  runtime: "It speaks of Prometheus' own process.",
};

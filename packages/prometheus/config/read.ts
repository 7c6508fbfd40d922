import type { Diagnostic } from "@havn/model";
import { findDuration } from "@havn/model";
import { unknownDiscovery } from "./discovery.ts";
import { notTaken, type PrometheusFile, prometheusFile, scrapeFile } from "./file.ts";
import { type PathContext, prepareScrape, type ReadSecret, withoutSecretLines } from "./prepare.ts";
import type { ScrapeProperties } from "./scrape.ts";
import { checkYaml, fault, isFault, readYaml, type Suggest, warning, type YamlFile } from "./yaml.ts";

/** What a reader of configurations is given: it opens nothing by itself. */
export interface ReadOptions {
  /** Paths as they are written; a relative one is relative to the file that names it. */
  files: PathContext;
  suggest: Suggest;
}

/** A scrape config as a resource has it, and the line that it begins on. */
export interface ReadScrape {
  properties: Omit<ScrapeProperties, "basic_auth"> & Record<string, unknown>;
  line: number;
}

export interface ReadPrometheus {
  scrapes: ReadScrape[];
  /** As they are written. */
  ruleFiles: { pattern: string; line: number }[];
  global: { evaluationInterval: string; queryOffset: string; externalLabels: Record<string, string> };
  /** Secrets that stand in it, by the name that they are to be set under. */
  secrets: ReadSecret[];
  /** Errors: nothing of it may be used. Warnings: what is not taken over. */
  diagnostics: Diagnostic[];
}

/** Reads a `prometheus.yml`. Everything that is wrong is told at once, each with its line. */
export function readPrometheus(file: string, text: string, options: ReadOptions): ReadPrometheus {
  const read = readWhole(file, text, options);
  return { ...read, diagnostics: withoutSecretLines(read.diagnostics, text) };
}

function readWhole(file: string, text: string, options: ReadOptions): ReadPrometheus {
  const read: ReadPrometheus = {
    ...{ scrapes: [], ruleFiles: [], secrets: [], diagnostics: [] },
    global: { evaluationInterval: "1m", queryOffset: "0s", externalLabels: {} },
  };
  const yaml = readYaml(file, text);
  if (isFault(yaml)) return { ...read, diagnostics: [yaml] };
  const checked = checkYaml({ ...yaml, value: yaml.value ?? {} }, prometheusFile, options);
  if ("faults" in checked) return { ...read, diagnostics: checked.faults.map((one) => aboutDiscovery(one)) };
  const { value } = checked;
  const { evaluation_interval = "1m", rule_query_offset = "0s", external_labels = {} } = value.global;
  read.global = {
    evaluationInterval: evaluation_interval,
    queryOffset: rule_query_offset,
    externalLabels: external_labels,
  };
  for (const [key, why] of Object.entries(notTaken))
    if (value[key as keyof PrometheusFile] !== undefined)
      read.diagnostics.push(warning(yaml.at([key]), `"${key}" of ${file} is not taken over`, why));
  for (const [at, pattern] of (value.rule_files ?? []).entries())
    read.ruleFiles.push({ pattern, line: yaml.at(["rule_files", at]).line });
  addScrapes(read, { yaml, configs: value.scrape_configs ?? [], global: value.global }, options);
  for (const [at, pattern] of (value.scrape_config_files ?? []).entries())
    addScrapeFiles(
      read,
      { pattern, at: yaml.at(["scrape_config_files", at]), global: value.global },
      options,
    );
  checkJobs(read, file);
  return read;
}

type Written = NonNullable<PrometheusFile["scrape_configs"]>;

function addScrapes(
  read: ReadPrometheus,
  { yaml, configs, global }: { yaml: YamlFile; configs: Written; global: PrometheusFile["global"] },
  { files }: ReadOptions,
): void {
  for (const [at, written] of configs.entries()) {
    const place = yaml.at(["scrape_configs", at]);
    const { evaluation_interval: _, rule_query_offset: __, query_log_file: ___, ...rest } = global;
    const { external_labels: ____, ...defaults } = rest;
    const whole = { ...defaults, ...written };
    const prepared = prepareScrape(whole, {
      files,
      from: yaml.file,
      at: (path) => yaml.at(["scrape_configs", at, ...path]),
    });
    read.diagnostics.push(...prepared.diagnostics);
    read.secrets.push(...prepared.secrets);
    const [every, timeout] = [whole.scrape_interval ?? "1m", whole.scrape_timeout];
    if (timeout !== undefined && (findDuration(timeout) ?? 0) > (findDuration(every) ?? 0)) {
      // A timeout of `global` is cut to a shorter interval, as in Prometheus; one of its own is a mistake.
      if (written.scrape_timeout === undefined) prepared.properties.scrape_timeout = every;
      else
        read.diagnostics.push(
          fault(
            yaml.at(["scrape_configs", at, "scrape_timeout"]),
            `The timeout of job "${whole.job_name}" is longer than its interval`,
            `scrape_timeout is ${timeout}, scrape_interval is ${every}. Shorten the timeout.`,
          ),
        );
    }
    read.scrapes.push({ properties: prepared.properties as ReadScrape["properties"], line: place.line });
  }
}

function addScrapeFiles(
  read: ReadPrometheus,
  {
    pattern,
    at,
    global,
  }: { pattern: string; at: ReturnType<YamlFile["at"]>; global: PrometheusFile["global"] },
  options: ReadOptions,
): void {
  for (const found of options.files.list(pattern, at.file)) {
    const text = options.files.read(found) ?? "";
    const yaml = readYaml(found, text);
    if (isFault(yaml)) {
      read.diagnostics.push(yaml);
      continue;
    }
    const checked = checkYaml({ ...yaml, value: yaml.value ?? {} }, scrapeFile, options);
    if ("faults" in checked)
      read.diagnostics.push(
        ...withoutSecretLines(
          checked.faults.map((one) => aboutDiscovery(one)),
          text,
        ),
      );
    else addScrapes(read, { yaml, configs: checked.value.scrape_configs ?? [], global }, options);
  }
}

function checkJobs({ scrapes, diagnostics }: ReadPrometheus, file: string): void {
  const first = new Map<string, number>();
  for (const { properties, line } of scrapes) {
    const { job_name } = properties;
    const known = first.get(job_name);
    if (known === undefined) first.set(job_name, line);
    else
      diagnostics.push(
        fault(
          { file, line, column: 1 },
          `There are two jobs "${job_name}"`,
          `The first stands on line ${known}. Rename one of them.`,
        ),
      );
  }
}

/** A key that Prometheus has and Havn has not is no misspelling. */
function aboutDiscovery(one: Diagnostic): Diagnostic {
  const [, key = "", way = ""] = /^Unknown key "((\w+)_sd_configs)"/.exec(one.summary) ?? [];
  if (unknownDiscovery.has(way))
    return {
      ...one,
      summary: `Targets of ${key} cannot be found here`,
      detail:
        "Havn finds targets by static_configs, file_sd_configs, http_sd_configs, dns_sd_configs and kubernetes_sd_configs. " +
        "Let whatever knows them write a file, or answer over HTTP.",
    };
  const [, other = ""] = /^Unknown key "(oauth2|proxy_\w+|no_proxy|sigv4)"/.exec(one.summary) ?? [];
  if (other !== "")
    return {
      ...one,
      summary: `"${other}" is not supported here`,
      detail: "Remove it, or reach the target directly.",
    };
  return one;
}

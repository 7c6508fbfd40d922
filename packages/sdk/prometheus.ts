import { createRequire } from "node:module";
import { type Diagnostic, dnsLabel, HavnError, type Location } from "@havn/model";
import { closestName } from "@havn/plan";
import type { ReadGroup, ScrapeProperties } from "@havn/prometheus";
import {
  addDiagnostics,
  type CommonOptions,
  currentEnvironment,
  declare,
  type Handle,
  listOf,
  shared,
} from "./environment.ts";
import { exprFault } from "./expressions.ts";
import { findProjectFile, shownPath } from "./files.ts";
import { callerLocation } from "./location.ts";
import { projectPaths } from "./project-paths.ts";

/** Endpoints that the control plane scrapes. */
export interface ScrapeHandle extends Handle {
  readonly type: "scrape";
}

/** A group of rules. */
export interface RulesHandle extends Handle {
  readonly type: "rules";
}

export interface PrometheusHandles {
  readonly scrapes: readonly ScrapeHandle[];
  readonly rules: readonly RulesHandle[];
}

/**
 * An existing `prometheus.yml`, as it is: the control plane scrapes what its scrape configs say and evaluates the rules of
 * its `rule_files`. A secret in it is not taken over: it is set once with `havn secret set`, and a warning says how.
 *
 * @example prometheus("./prometheus.yml");
 */
export function prometheus(path: string): PrometheusHandles {
  const { readPrometheus, secretWarning } = loadPrometheus();
  const at = callerLocation();
  const file = shownPath(path);
  const text = findProjectFile(path);
  if (text === undefined) throw noFile(path, at);
  const read = readPrometheus(file, text, { files: projectPaths, suggest });
  const environment = currentEnvironment() ?? "";
  addDiagnostics([...read.diagnostics, ...read.secrets.map((each) => secretWarning(each, environment))]);
  if (read.diagnostics.some(({ severity }) => severity === "error")) return { scrapes: [], rules: [] };
  const { evaluationInterval, queryOffset, externalLabels } = read.global;
  const scrapes = read.scrapes.map(({ properties, line }) =>
    declareScrape(properties.job_name, {
      properties,
      location: { file, line, column: 1 },
    }),
  );
  const rules = read.ruleFiles.flatMap(({ pattern, line }) =>
    readRuleFiles(pattern, {
      from: file,
      at: { file, line, column: 1 },
      ...{ interval: evaluationInterval, queryOffset, externalLabels },
    }),
  );
  return { scrapes, rules };
}

/** A scrape config of Prometheus, in its own words. */
export type ScrapeOptions = Omit<ScrapeProperties, "job_name"> & CommonOptions;

/**
 * Endpoints that the control plane scrapes, in the words of Prometheus' scrape configs. What runs on a host with an agent
 * is scraped by that agent already.
 *
 * @example scrape("switches", { static_configs: [{ targets: ["10.0.0.2:9116"] }], scrape_interval: "30s" });
 */
export function scrape(job: string, options: ScrapeOptions): ScrapeHandle {
  const { dependsOn, ...properties } = options;
  return declareScrape(job, { properties: { ...properties, job_name: job }, after: listOf(dependsOn) });
}

function declareScrape(
  job: string,
  given: { properties: object; location?: Location; after?: readonly unknown[] },
): ScrapeHandle {
  const name = freeName("scrape", job);
  const { address } = declare({
    ...{ type: "scrape", name, properties: { ...given.properties }, after: given.after ?? [] },
    location: given.location,
  });
  return { type: "scrape", name, resource: address };
}

/**
 * Rule files of Prometheus, as they are. A rule that cannot be read is told with file and line, and the others go on.
 *
 * @example ruleFiles("./rules/*.yml");
 */
export function ruleFiles(pattern: string): readonly RulesHandle[] {
  const at = callerLocation();
  return readRuleFiles(pattern, { from: shownPath("havn.config.ts"), at });
}

export interface RecordOptions extends CommonOptions {
  /**
   * PromQL, over the environment's own series.
   * @example expr: "sum by (job) (rate(http_requests_total[5m]))"
   */
  expr: string;
  /**
   * Further labels of the series that it makes.
   * @example labels: { team: "shop" }
   */
  labels?: Readonly<Record<string, string>>;
  /**
   * How often. Default: "1m".
   * @example interval: "15s"
   */
  interval?: string;
}

/**
 * A recording rule: what an expression gives, kept as series of this name. Rules of the same interval are evaluated in the
 * order in which they are declared.
 *
 * @example record("job:http_requests:rate5m", { expr: "sum by (job) (rate(http_requests_total[5m]))" });
 */
export function record(name: string, options: RecordOptions): RulesHandle {
  const { dependsOn, expr, labels, interval = "1m" } = options;
  const location = callerLocation();
  const wrong = exprFault(expr);
  if (wrong !== undefined)
    addDiagnostics([
      {
        severity: "error",
        summary: `The expression of recording rule "${name}" cannot be read`,
        detail: `${wrong}. Correct the expression.`,
        ...(location && { at: location }),
      },
    ]);
  const resource = freeName("rules", `record-${name}`);
  const { address } = declare({
    ...{ type: "rules", name: resource, after: listOf(dependsOn) },
    properties: {
      ...{ group: resource, file: location?.file ?? "", interval },
      rules: [{ record: name, expr, ...(labels && { labels }), ...(location && { line: location.line }) }],
    },
    location,
  });
  return { type: "rules", name: resource, resource: address };
}

/** How long series are kept. */
export interface RetentionHandle extends Handle {
  readonly type: "retention";
}

export interface RetentionOptions extends CommonOptions {
  /**
   * A PromQL selector, over the environment's own series.
   * @example match: '{job="shop"}'
   */
  match: string;
  /**
   * How long samples are kept, at least "1d".
   * @example keep: "400d"
   */
  keep: string;
  /**
   * How long it is kept what they were by five minutes; "0s": not at all. Default: "90d".
   * @example fiveMinutes: "180d"
   */
  fiveMinutes?: string;
  /**
   * How long it is kept what they were by hours; "0s": not at all. Default: "730d".
   * @example hours: "5y"
   */
  hours?: string;
}

/**
 * How long the series that match are kept, instead of 30 days: samples, and what they were by five minutes and by hours, which
 * answers questions about a longer time. Of several that match a series the longest counts.
 *
 * @example retention("orders", { match: '{__name__=~"orders_.*"}', keep: "400d" });
 */
export function retention(name: string, options: RetentionOptions): RetentionHandle {
  const { dependsOn, ...properties } = options;
  const location = callerLocation();
  const wrong = selectorFault(options.match);
  if (wrong !== undefined)
    addDiagnostics([
      {
        severity: "error",
        summary: `The selector of retention "${name}" cannot be read`,
        detail: `${wrong}. Write for example {job="shop"}.`,
        ...(location && { at: location }),
      },
    ]);
  const { address } = declare({ type: "retention", name, properties, after: listOf(dependsOn), location });
  return { type: "retention", name, resource: address };
}

interface RuleFilesContext {
  from: string;
  at: Location | undefined;
  interval?: string;
  queryOffset?: string;
  externalLabels?: Readonly<Record<string, string>>;
}

function readRuleFiles(pattern: string, { from, at, ...defaults }: RuleFilesContext): RulesHandle[] {
  const { readRules, templateFault } = loadPrometheus();
  const files = projectPaths.list(pattern, from);
  if (files.length === 0)
    addDiagnostics([
      {
        severity: pattern.includes("*") ? "warning" : "error",
        summary: `No rule file matches "${pattern}"`,
        detail: "Paths are relative to the file that names them. Correct the path, or make the file.",
        ...(at && { at }),
      },
    ]);
  const handles: RulesHandle[] = [];
  for (const file of files) {
    const { groups, diagnostics } = readRules(file, projectPaths.read(file) ?? "", {
      ...{ suggest, checkExpr: exprFault, checkTemplate: templateFault },
      ...defaults,
    });
    addDiagnostics(diagnostics);
    handles.push(...groups.map((group) => declareGroup(file, group)));
  }
  return handles;
}

function declareGroup(file: string, { properties, line }: ReadGroup): RulesHandle {
  const name = freeName("rules", properties.group);
  const { address } = declare({
    ...{ type: "rules", name, properties: { ...properties } },
    location: { file, line, column: 1 },
  });
  return { type: "rules", name, resource: address };
}

/** A resource's name is made of a job's or a group's, which may be any text; the second of one name gets a number. */
function freeName(type: string, text: string): string {
  const base =
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 56)
      .replace(/-+$/, "") || type;
  const taken = shared(`names of ${type}`, () => new Set<string>());
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return dnsLabel.safeParse(name).success ? name : `${type}-${number}`;
  }
}

const suggest = (written: string, names: readonly string[]) => closestName(written, names);

function selectorFault(match: string): string | undefined {
  const { parsePromql } = load("@havn/promql") as typeof import("@havn/promql");
  const fault = exprFault(match);
  if (fault !== undefined) return fault;
  const expr = parsePromql(match);
  if (expr.kind !== "selector") return "it is no series selector";
  return expr.offset || expr.at !== undefined ? "a selector of series has no time" : undefined;
}

const load = createRequire(import.meta.url);
/** Only configurations that read Prometheus' files pay for loading what reads them. */
const loadPrometheus = () => load("@havn/prometheus") as typeof import("@havn/prometheus");

function noFile(path: string, at: Location | undefined): HavnError {
  const diagnostic: Diagnostic = {
    severity: "error",
    summary: `There is no file "${path}"`,
    detail: "Paths are relative to the configuration. Correct the path, or make the file.",
    ...(at && { at }),
  };
  return new HavnError(diagnostic.summary, {
    detail: diagnostic.detail,
    status: 400,
    diagnostics: [diagnostic],
  });
}

import { readdirSync, readFileSync } from "node:fs";
import { type FuzzTarget, fuzzTests } from "@havn/testkit";
import { readPrometheus } from "./config/read.ts";
import { readRules } from "./rules/read.ts";
import { fillTemplate, TemplateError, templateFault } from "./template/execute.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const casesOf = (folder: string) =>
  readdirSync(new URL(`${folder}/cases/`, import.meta.url))
    .filter((name) => name.endsWith(".yml"))
    .map((name) => readFileSync(new URL(`${folder}/cases/${name}`, import.meta.url), "utf8"));
const suggest = () => undefined;
/** What is wrong is in the answer. */
const isTyped = () => false;
const yaml = [
  "- ",
  ": ",
  "  ",
  "\n",
  "&a ",
  "*a",
  "<<: *a",
  "!!binary ",
  "|\n",
  ">-\n",
  "{",
  "}",
  "[",
  "]",
  "null",
  "~",
  "'",
];
const yamlSeeds = ["a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "? {a: b}\n: c\n", "--- 1\n--- 2\n"];

const targets: FuzzTarget[] = [
  {
    name: "prometheus-yml",
    run: (bytes) =>
      readPrometheus("prometheus.yml", text(bytes), {
        suggest,
        files: { read: () => undefined, resolve: (path) => path, list: () => [], absolute: (path) => path },
      }),
    seeds: [...casesOf("config"), ...yamlSeeds],
    ...{
      isTyped,
      words: [...yaml, "scrape_configs", "job_name", "relabel_configs", "regex: (", "1m", "static_configs"],
    },
  },
  {
    name: "rules",
    run: (bytes) =>
      readRules("rules.yml", text(bytes), {
        suggest,
        checkExpr: () => undefined,
        checkTemplate: templateFault,
      }),
    seeds: [...casesOf("rules"), ...yamlSeeds],
    ...{
      isTyped,
      words: [...yaml, "groups", "rules", "record", "alert", "expr", "for: 5m", "labels", "{{ $value }}"],
    },
  },
  {
    name: "template",
    run: (bytes) =>
      fillTemplate(
        text(bytes),
        { labels: { a: "b" }, externalLabels: {}, value: 1.5 },
        { query: async () => [{ labels: { c: "d" }, value: 1 }], now: 0, externalUrl: "http://h" },
      ),
    isTyped: (error) => error instanceof TemplateError,
    seeds: [
      '{{ $labels.a }} is {{ $value | humanize }} {{ if gt $value 1.0 }}x{{ else }}y{{ end }}{{ range query "up" }}{{ .Value }}{{ end }}',
      '{{ define "t" }}a{{ end }}{{ template "t" . }}{{ with .A }}b{{ end }}{{/* c */}}{{- printf "%s %d %.2f" "a" 1 2.0 -}}',
    ],
    words: [
      "{{",
      "}}",
      "{{-",
      "-}}",
      "|",
      "$x := ",
      "humanizeDuration",
      "reReplaceAll",
      "printf",
      "%",
      "end",
      "range",
      "toTime",
      "(",
      ")",
    ],
  },
];

fuzzTests(new URL("./corpus/", import.meta.url), targets);

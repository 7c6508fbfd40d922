import { HavnError } from "@havn/model";
import type { Message } from "./notifier.ts";

/** What a template is filled with. */
export interface TemplateInput {
  state: Message["state"];
  severity: Message["severity"];
  /** What it is about in one line. */
  title: string;
  url: string;
  alerts: Message["alerts"];
}

type Part =
  | { kind: "text"; text: string }
  | { kind: "value"; name: string }
  | { kind: "each"; parts: Part[] };

const outside = ["state", "severity", "title", "url"] as const;
const inside = ["state", "summary"] as const;

/** What keeps a template from being read, and where: lines and columns from 1. */
export interface TemplateFault {
  line: number;
  column: number;
  summary: string;
}

/**
 * Texts with `{{ state }}`, `{{ severity }}`, `{{ title }}`, `{{ url }}`, `{{ labels.NAME }}` (what all alerts have in
 * common, else nothing) and `{{ each alerts }} … {{ end }}`, inside of which `{{ summary }}`, `{{ state }}` and
 * `{{ labels.NAME }}` are the alert's own. Nothing in a template is run; what grows beyond half a million characters is
 * cut, and `each` ends after five thousand alerts. Throws a HavnError (400) that names what is wrong.
 */
export function renderTemplate(template: string, input: TemplateInput): string {
  const parsed = parse(template);
  if (Array.isArray(parsed)) return shortened(fill(parsed, valuesOf(input)));
  const { line, column, summary } = parsed;
  throw new HavnError(`The template is wrong at line ${line}, column ${column}: ${summary}`, {
    detail: `There are {{ ${outside.join(" }}, {{ ")} }}, {{ labels.NAME }} and {{ each alerts }} … {{ end }}, inside of which {{ summary }}.`,
    status: 400,
  });
}

export function findTemplateFault(template: string): TemplateFault | undefined {
  const parsed = parse(template);
  return Array.isArray(parsed) ? undefined : parsed;
}

/** Labels that the template names and these alerts leave empty: outside of `each` those that they do not have in common. */
export function emptyLabels(template: string, input: TemplateInput): string[] {
  const parsed = parse(template);
  if (!Array.isArray(parsed)) return [];
  const common = commonLabels(input.alerts);
  const empty = parsed.flatMap((part): string[] => {
    const each = part.kind === "each" ? part.parts : [part];
    const labels = part.kind === "each" ? input.alerts.map((alert) => alert.labels) : [common];
    const named = each.flatMap((one) => (one.kind === "value" ? (labelOf(one.name) ?? []) : []));
    return [...new Set(named)].filter((name) => labels.some((own) => !own[name]));
  });
  return [...new Set(empty)];
}

const valuesOf = (input: TemplateInput): Values => ({ ...input, labels: commonLabels(input.alerts) });

const labelOf = (name: string): string | undefined =>
  name.startsWith("labels.") ? name.slice("labels.".length) : undefined;

function parse(template: string): Part[] | TemplateFault {
  const top: Part[] = [];
  let into = top;
  let each: Part[] | undefined;
  const wrong = (at: number, summary: string): TemplateFault => {
    const before = template.slice(0, at).split("\n");
    return { line: before.length, column: (before.at(-1) ?? "").length + 1, summary };
  };
  let end = 0;
  // No regular expression: whoever may preview one would find braces and spaces over which it takes hours.
  for (;;) {
    const begin = template.indexOf("{{", end);
    const close = begin < 0 ? -1 : template.indexOf("}}", begin + 2);
    if (close < 0) break;
    const name = template.slice(begin + 2, close).trim();
    into.push({ kind: "text", text: template.slice(end, begin) });
    end = close + 2;
    if (name === "each alerts") {
      if (each) return wrong(begin, "an each inside of another");
      each = [];
      into.push({ kind: "each", parts: each });
      into = each;
    } else if (name === "end") {
      if (!each) return wrong(begin, "an end without an each");
      each = undefined;
      into = top;
    } else {
      const known: readonly string[] = each ? [...outside, ...inside] : outside;
      if (!known.includes(name) && !/^labels\.[A-Za-z_]\w*$/.test(name))
        return wrong(begin, `nothing is called "${name.slice(0, 100)}" here`);
      into.push({ kind: "value", name });
    }
  }
  if (each) return wrong(template.length, "an each without its end");
  const rest = template.slice(end);
  if (rest.includes("{{")) return wrong(end + rest.indexOf("{{"), "{{ without }}");
  into.push({ kind: "text", text: rest });
  return top;
}

/** In characters. Thousands of alerts, each with many long labels, would be more than fits into memory. */
const longestText = 500_000;
/** That one `each` goes over: a hundred of them over a hundred thousand alerts would let everybody else wait. */
const mostAlerts = 5_000;

type Values = Record<string, unknown> & {
  labels: Readonly<Record<string, string>>;
  alerts: Message["alerts"];
};

const shortened = (text: string): string =>
  text.length > longestText ? `${text.slice(0, longestText).toWellFormed()}…` : text;

function fill(parts: readonly Part[], values: Values): string {
  let text = "";
  for (const part of parts) {
    if (text.length > longestText) break;
    text += fillPart(part, values);
  }
  return text;
}

function fillEach(parts: readonly Part[], values: Values): string {
  let text = "";
  for (const alert of values.alerts.slice(0, mostAlerts)) {
    if (text.length > longestText) break;
    text += fill(parts, { ...values, ...alert, labels: alert.labels });
  }
  return text;
}

function fillPart(part: Part, values: Values): string {
  switch (part.kind) {
    case "text":
      return part.text;
    case "value":
      return wordOf(part.name, values);
    case "each":
      return fillEach(part.parts, values);
  }
}

function wordOf(name: string, values: Values): string {
  const label = labelOf(name);
  return label === undefined ? String(values[name]) : (values.labels[label] ?? "");
}

function commonLabels(alerts: Message["alerts"]): Record<string, string> {
  const [first, ...rest] = alerts;
  return Object.fromEntries(
    Object.entries(first?.labels ?? {}).filter(([name, value]) =>
      rest.every(({ labels }) => labels[name] === value),
    ),
  );
}

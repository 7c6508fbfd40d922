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
  | { kind: "value"; name: string; at: number }
  | { kind: "each"; parts: Part[] };

const outside = ["state", "severity", "title", "url"] as const;
const inside = ["state", "summary"] as const;

/**
 * Texts with `{{ state }}`, `{{ severity }}`, `{{ title }}`, `{{ url }}`, `{{ labels.NAME }}` (what all alerts have in
 * common, else nothing) and `{{ each alerts }} … {{ end }}`, inside of which `{{ summary }}`, `{{ state }}` and
 * `{{ labels.NAME }}` are the alert's own. Nothing in a template is run. Throws a HavnError (400) that names what is wrong.
 */
export function renderTemplate(template: string, input: TemplateInput): string {
  return fill(parse(template), { ...input, labels: commonLabels(input.alerts), alerts: input.alerts });
}

function parse(template: string): Part[] {
  const top: Part[] = [];
  let into = top;
  let each: Part[] | undefined;
  const wrong = (at: number, summary: string) =>
    new HavnError(`The template is wrong at character ${at + 1}: ${summary}`, {
      detail: `There are {{ ${outside.join(" }}, {{ ")} }}, {{ labels.NAME }} and {{ each alerts }} … {{ end }}, inside of which {{ summary }}.`,
      status: 400,
    });
  let end = 0;
  for (const found of template.matchAll(/\{\{\s*(.*?)\s*\}\}/gs)) {
    const [whole, name = ""] = found;
    into.push({ kind: "text", text: template.slice(end, found.index) });
    end = found.index + whole.length;
    if (name === "each alerts") {
      if (each) throw wrong(found.index, "an each inside of another");
      each = [];
      into.push({ kind: "each", parts: each });
      into = each;
    } else if (name === "end") {
      if (!each) throw wrong(found.index, "an end without an each");
      each = undefined;
      into = top;
    } else {
      const known: readonly string[] = each ? [...outside, ...inside] : outside;
      if (!known.includes(name) && !/^labels\.[A-Za-z_]\w*$/.test(name))
        throw wrong(found.index, `nothing is called "${name}" here`);
      into.push({ kind: "value", name, at: found.index });
    }
  }
  if (each) throw wrong(template.length, "an each without its end");
  const rest = template.slice(end);
  if (rest.includes("{{")) throw wrong(end + rest.indexOf("{{"), "{{ without }}");
  into.push({ kind: "text", text: rest });
  return top;
}

type Values = Record<string, unknown> & {
  labels: Readonly<Record<string, string>>;
  alerts: Message["alerts"];
};

function fill(parts: readonly Part[], values: Values): string {
  return parts.map((part) => fillPart(part, values)).join("");
}

function fillPart(part: Part, values: Values): string {
  switch (part.kind) {
    case "text":
      return part.text;
    case "value":
      return part.name.startsWith("labels.")
        ? (values.labels[part.name.slice(7)] ?? "")
        : String(values[part.name]);
    case "each":
      return values.alerts
        .map((alert) => fill(part.parts, { ...values, ...alert, labels: alert.labels }))
        .join("");
  }
}

function commonLabels(alerts: Message["alerts"]): Record<string, string> {
  const [first, ...rest] = alerts;
  return Object.fromEntries(
    Object.entries(first?.labels ?? {}).filter(([name, value]) =>
      rest.every(({ labels }) => labels[name] === value),
    ),
  );
}

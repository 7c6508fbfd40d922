import { formatAddress, type Labels } from "@havn/model";
import { fillTemplate, TemplateError } from "@havn/prometheus";
import { type Expr, type InstantResult, parsePromql, restrict } from "@havn/promql";
import { fingerprint } from "../alerts/fingerprint.ts";
import type { Condition } from "../alerts/machine.ts";

/** A series that a rule found wrong. */
export interface Finding {
  labels: Labels;
  value: number;
  facts?: Readonly<Record<string, number>>;
}

/** What a rule's alerts are called, and what they say. Texts are templates in Prometheus' language. */
export interface Speech {
  name: string;
  environment: string;
  address: string;
  /** Tells its alerts from those of other rules. */
  source: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Undefined: as its annotations and its label `severity` say. */
  own?: { summary: string; severity: Condition["severity"] } | undefined;
  forMs: number;
  externalLabels: Readonly<Record<string, string>>;
}

export interface SpeakingContext {
  at: number;
  signal: AbortSignal;
  externalUrl: string;
  query(expr: Expr, atMs: number, signal: AbortSignal): Promise<InstantResult>;
  /** A template that cannot be filled in: the alert is told all the same, with what is wrong in place of the text. */
  fault?(text: string): void;
}

/** The expression, seeing its own environment's series only; all where there is none. Throws a PromqlError. */
export const ownExpr = (expr: string, environment: string): Expr =>
  environment === ""
    ? parsePromql(expr)
    : restrict(parsePromql(expr), { name: "env", operator: "=", value: environment });

/** Labels and what follows from them; what it says is empty. */
export async function namelessCondition(
  speech: Speech,
  finding: Finding,
  context: SpeakingContext,
): Promise<Condition> {
  const { environment, address, name, own, forMs } = speech;
  const { __name__: _, ...labels }: Record<string, string> = finding.labels;
  for (const [label, text] of Object.entries(speech.labels)) {
    const filled = await fill(`label ${label}`, text, { speech, finding, context });
    if (filled === "") delete labels[label];
    else labels[label] = filled;
  }
  return {
    ...{ fingerprint: fingerprint(speech.source, labels), rule: name, environment, labels, forMs },
    address: labels.resource ?? address,
    ...(labels.host && { host: formatAddress({ environment, type: "host", name: labels.host }) }),
    severity: own?.severity ?? severityOf(labels.severity),
    summary: "",
    // JSON has no NaN and no infinity; such a value is told in the summary only.
    ...(Number.isFinite(finding.value) && { value: finding.value }),
  };
}

/** The same with what it says. */
export async function speak(
  condition: Condition,
  { speech, finding, context }: { speech: Speech; finding: Finding; context: SpeakingContext },
): Promise<Condition> {
  const annotations: Record<string, string> = {};
  for (const [name, text] of Object.entries(speech.annotations))
    annotations[name] = await fill(`annotation ${name}`, text, { speech, finding, context });
  const summary = speech.own
    ? await fill("summary", speech.own.summary, { speech, finding, context })
    : annotations.summary || annotations.description || annotations.message || speech.name;
  if (!speech.own) return { ...condition, summary, annotations };
  // Without annotations of its own nobody takes it for an alert of a rule file.
  const some = Object.keys(annotations).length > 0;
  return { ...condition, summary, ...(some && { annotations: { summary, ...annotations } }) };
}

export const conditionOf = async (
  speech: Speech,
  finding: Finding,
  context: SpeakingContext,
): Promise<Condition> =>
  speak(await namelessCondition(speech, finding, context), { speech, finding, context });

async function fill(
  place: string,
  text: string,
  {
    speech,
    finding: { labels, value, facts },
    context,
  }: { speech: Speech; finding: Finding; context: SpeakingContext },
): Promise<string> {
  // Six digits are enough for people; rule files say themselves how they want it.
  const shown = speech.own && Number.isFinite(value) ? Number(value.toPrecision(6)) : value;
  try {
    return await fillTemplate(
      text,
      { labels, value: shown, externalLabels: speech.externalLabels, ...(facts && { facts }) },
      {
        now: context.at,
        externalUrl: context.externalUrl,
        query: (expr) => queried(expr, speech.environment, context),
      },
    );
  } catch (error) {
    if (context.signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    context.fault?.(`the template of ${place}: ${message}`);
    return `<error expanding template: ${message}>`;
  }
}

async function queried(text: string, environment: string, { query, at, signal }: SpeakingContext) {
  let expr: Expr;
  try {
    expr = ownExpr(text, environment);
  } catch (error) {
    throw new TemplateError(error instanceof Error ? error.message : String(error));
  }
  const result = await query(expr, at, signal);
  if (result.type === "vector") return result.vector;
  return result.type === "scalar" ? [{ labels: {}, value: result.value }] : [];
}

/** What files call severity is free text; these words are the usual ones. */
export function severityOf(label: string | undefined): Condition["severity"] {
  if (/^(critical|crit|page|emergency|fatal|high|error|p1)$/i.test(label ?? "")) return "critical";
  return /^(info|information|none|low|debug)$/i.test(label ?? "") ? "info" : "warning";
}

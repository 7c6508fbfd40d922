import type { PreviewAnswer, Silences } from "../api/response.ts";
import { alignColumns, printable } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { localTime } from "./words.ts";

const mostShown = 20;

/** What a silence or maintenance would cover, before it is saved. */
export function coversView(
  { alerts, checks, rules, resources, pages }: PreviewAnswer,
  { style }: ViewContext,
): string {
  const may = [...checks, ...rules, ...resources];
  const rows = may.map(({ address, alertname, certainty }) => [
    `  ${printable(address)}`,
    printable(alertname),
    certainty === "maybe" ? style.dim("some, by the labels of its series") : "",
  ]);
  return [
    alerts.length === 0 ? "It covers nothing that fires now." : `It covers ${alerts.length} that fire now:`,
    ...shown(alerts.map(({ summary }) => `  ${printable(summary)}`)),
    may.length === 0
      ? style.yellow("No check, rule, host or service is known whose alerts it would cover.")
      : `It would cover alerts of ${count(checks, "check")}, ${count(rules, "rule")} and ${count(resources, "condition")} of hosts and services:`,
    ...shown(alignColumns(rows)),
    `Of ${pages.sent} pages in the last ${pages.days} days it would have held back ${pages.held}${pages.held > 0 ? ":" : "."}`,
    ...pages.examples
      .slice(0, 5)
      .map(({ at, person, title }) => `  ${localTime(at)}  ${printable(person)}: ${printable(title)}`),
  ].join("\n");
}

const count = ({ length }: readonly unknown[], word: string) => `${length} ${word}${length === 1 ? "" : "s"}`;

const shown = (lines: readonly string[]): string[] =>
  lines.length <= mostShown
    ? [...lines]
    : [...lines.slice(0, mostShown), `  … and ${lines.length - mostShown} more`];

export function silencesView(silences: Silences, { style }: ViewContext): string {
  if (silences.length === 0) return "Nothing is silenced.";
  const head = ["ID", "STATE", "COVERS", "UNTIL", "BY", "WHY"].map(style.bold);
  const rows = silences.map(({ id, status, matchers, endsAt, createdBy, comment }) => [
    id,
    status.state,
    printable(matchers.map(matcherText).join(" ")),
    localTime(Date.parse(endsAt)),
    printable(createdBy),
    printable(comment),
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

const matcherText = ({ name, value, isRegex, isEqual }: Silences[number]["matchers"][number]) =>
  `${name}${isRegex ? (isEqual ? "=~" : "!~") : isEqual ? "=" : "!="}${JSON.stringify(value)}`;

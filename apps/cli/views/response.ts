import { formatDuration, type IncidentMetrics, type IncidentSummary } from "@havn/model";
import type { IncidentAnswer, OnCallAnswer, Segment } from "../api/response.ts";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago, localTime } from "./words.ts";

export function onCallView({ schedules }: OnCallAnswer, { style }: ViewContext): string {
  if (schedules.length === 0) return "There is no schedule. Declare one with schedule(…) in havn.config.ts.";
  const head = ["SCHEDULE", "ON CALL", "WHY", "UNTIL", "THEN"].map(style.bold);
  const rows = schedules.map(({ environment, name, now, next }) => [
    `${environment}/${name}`,
    printable(now.person),
    now.source.kind === "fallback" ? style.yellow("fallback: nobody else is") : now.source.kind,
    localTime(now.to),
    next ? printable(next.person) : "",
  ]);
  const warnings = schedules.flatMap(({ environment, name, gaps }) =>
    gaps
      .slice(0, 3)
      .map(({ from, to, person }) =>
        style.yellow(
          `! ${environment}/${name}: only the fallback (${person}) from ${localTime(from)} to ${localTime(to)}`,
        ),
      ),
  );
  return [alignColumns([head, ...rows]).join("\n"), ...warnings].join("\n");
}

/** A schedule's shifts in the schedule's own wall time. */
export function shiftsView(
  shifts: readonly Segment[],
  { zone, style }: { zone: string; style: Style },
): string {
  const time = new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: zone, weekday: "short", year: "numeric", month: "short" },
    ...{ day: "2-digit", hour: "2-digit", minute: "2-digit" },
  });
  const head = [`FROM (${zone})`, "UNTIL", "ON CALL", "WHY"].map(style.bold);
  const rows = shifts.map(({ from, to, person, source }) => [
    time.format(from),
    time.format(to),
    printable(person),
    source.kind === "fallback" ? style.yellow("fallback: nobody else is") : sourceWords(source),
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

const sourceWords = ({ kind, id, layer }: Segment["source"]) =>
  [kind, ...[layer, id].filter((one) => typeof one === "string")].join(" ");

export function incidentsView(incidents: readonly IncidentSummary[], { style, now }: ViewContext): string {
  if (incidents.length === 0) return style.green("No incident.");
  const head = ["ID", "STATE", "SEVERITY", "OPENED", "ENVIRONMENT", "WHAT"].map(style.bold);
  const rows = incidents.map(({ id, state, severity, openedAt, environment, title }) => [
    String(id),
    state === "open" ? style.red(state) : state === "acknowledged" ? style.yellow(state) : style.green(state),
    severity,
    ago(openedAt, now),
    environment ?? "",
    printable(title),
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

export function incidentView(answer: IncidentAnswer, context: ViewContext): string {
  const { style } = context;
  const parts = [incidentsView([answer.incident], context)];
  const { roles, status, mitigatedAt } = answer.incident;
  const facts = [
    `status: ${status}`,
    ...(answer.services.length > 0 ? [`services: ${answer.services.join(", ")}`] : []),
    ...Object.entries(roles).map(([role, person]) => `${role}: ${printable(person)}`),
    ...(mitigatedAt === null ? [] : [`mitigated ${localTime(mitigatedAt)}`]),
  ];
  parts.push(`  ${facts.join("; ")}`);
  if (answer.suspects.length > 0)
    parts.push(
      style.bold("What changed shortly before"),
      ...answer.suspects.map(
        ({ event, evidence }) => `  ${printable(event.summary)} (${printable(evidence.join(", "))})`,
      ),
    );
  if (answer.attempts.length > 0)
    parts.push(style.bold("Who was asked"), alignColumns(answer.attempts.map(attemptRow)).join("\n"));
  if (answer.links.length > 0)
    parts.push(style.bold("Where to look"), ...answer.links.map((link) => `  ${linkLine(link)}`));
  if (answer.notes.length > 0)
    parts.push(
      style.bold("Notes and updates"),
      ...answer.notes.map(
        ({ at, by, status: then, text }) =>
          `  ${localTime(at)}  ${printable(by)}${then === null ? "" : ` (${then})`}: ${printable(text)}`,
      ),
    );
  if (answer.actions.length > 0)
    parts.push(
      style.bold("Action items"),
      ...answer.actions.map(
        ({ id, text, owner, due, doneAt }) =>
          `  ${doneAt === null ? "open" : style.green("done")} #${id} ${printable(text)} (${printable(owner)}, ${due})`,
      ),
    );
  parts.push(
    style.bold("What happened"),
    ...answer.timeline.map(({ at, summary }) => `  ${localTime(at)}  ${printable(summary)}`),
  );
  return parts.join("\n");
}

function linkLine({ kind, title, expr, labels = {} }: IncidentAnswer["links"][number]): string {
  if (kind === "chart") return `chart of ${printable(title)}: havn query '${printable(expr ?? "")}'`;
  const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return `logs of ${printable(title)}: havn logs (${printable(words.join(", "))})`;
}

export function incidentMetricsView(metrics: IncidentMetrics, { style }: ViewContext): string {
  const time = (value: number | null) =>
    value === null ? "-" : formatDuration(Math.max(Math.round(value / 1000), 0) * 1000);
  const rows = (["detect", "acknowledge", "mitigate", "resolve"] as const).map((name) => {
    const { count, median, worst } = metrics[name];
    return [`to ${name}`, String(count), time(median), time(worst)];
  });
  const parts = [
    `${metrics.incidents} incidents`,
    alignColumns([["TIME", "COUNTED", "MEDIAN", "WORST"].map(style.bold), ...rows]).join("\n"),
  ];
  if (metrics.people.length > 0)
    parts.push(
      alignColumns([
        ["PERSON", "PAGES", "A WEEK", "AT NIGHT"].map(style.bold),
        ...metrics.people.map((one) => [
          printable(one.person),
          ...[one.pages, one.perWeek, one.atNight].map(String),
        ]),
      ]).join("\n"),
    );
  if (metrics.rules.length > 0)
    parts.push(
      alignColumns([
        ["RULE", "INCIDENTS", "PAGES", "ENDED BY THEMSELVES, UNANSWERED"].map(style.bold),
        ...metrics.rules.map((one) => [
          printable(one.rule),
          ...[one.incidents, one.pages, one.unanswered].map(String),
        ]),
      ]).join("\n"),
    );
  return parts.join("\n\n");
}

function attemptRow(one: IncidentAnswer["attempts"][number]): string[] {
  const facts = [
    one.acceptedAt !== null && "accepted",
    one.openedAt !== null && "opened",
    one.acknowledgedAt !== null && "answered",
    one.failure !== null && `failed: ${printable(one.failure)}`,
  ].filter((fact) => fact !== false);
  return [
    `  ${localTime(one.begunAt)}`,
    printable(one.person ?? ""),
    `${one.channel}, try ${one.number + 1}`,
    facts.join(", ") || "under way",
  ];
}

import { type Event, formatDuration } from "@havn/model";
import type { Incident } from "../store.ts";
import type { Suspect } from "./suspects.ts";

export interface PostmortemInput {
  incident: Incident;
  services: readonly string[];
  suspects: readonly Suspect[];
  events: readonly Event[];
  actions: readonly { text: string; owner: string; due: string; doneAt: number | null }[];
  /** People who were asked. */
  people: readonly string[];
}

/** What a postmortem leaves out: it says nothing of what happened. */
const quiet = /^(signin|token|session)\./;

/** A draft in Markdown: what is known stands there, what only people know is asked for. */
export function draftPostmortem(input: PostmortemInput): string {
  const { incident, services, suspects, events, actions, people } = input;
  const since = (at: number | null) =>
    at === null ? "not recorded" : formatDuration(roundSeconds(at - incident.openedAt));
  const roles = Object.entries(incident.roles).map(([role, person]) => `${role}: ${person}`);
  const facts: [string, string][] = [
    ["Severity", incident.severity],
    ["Environment", incident.environment ?? "none"],
    ["Services", services.join(", ") || "none known"],
    ["Trouble began", incident.troubleAt === null ? "not recorded" : time(incident.troubleAt)],
    ["Opened", `${time(incident.openedAt)} by ${incident.openedBy}`],
    ["Acknowledged after", since(incident.acknowledgedAt)],
    ["Mitigated after", since(incident.mitigatedAt)],
    ["Resolved after", since(incident.resolvedAt)],
    ["Paged", people.join(", ") || "nobody"],
    ["Roles", roles.join(", ") || "none"],
  ];
  return [
    `# Postmortem: ${line(incident.title)}`,
    "",
    `Incident ${incident.id}. Drafted from the timeline: correct it, and answer what is asked in italics.`,
    "",
    ...facts.map(([name, value]) => `- **${name}:** ${line(value)}`),
    "",
    "## What happened",
    "",
    "_In two sentences for somebody who was not there._",
    "",
    "## Impact",
    "",
    "_Who noticed what, for how long?_",
    "",
    "## Cause",
    "",
    ...(suspects.length > 0
      ? [
          "What changed shortly before, most suspicious first:",
          "",
          ...suspects.slice(0, 5).map(suspectLine),
          "",
        ]
      : ["Nothing that Havn knows of changed within the hour before.", ""]),
    "_What was it, and why did it get that far?_",
    "",
    "## Timeline",
    "",
    "All times in UTC.",
    "",
    ...events
      .filter(({ kind }) => !quiet.test(kind))
      .map(({ at, summary }) => `- ${time(at)} ${line(summary)}`),
    "",
    "## What went well, what did not",
    "",
    "_Where were we lucky?_",
    "",
    "## Action items",
    "",
    ...(actions.length > 0
      ? [
          "| What | Owner | Due | Done |",
          "|---|---|---|---|",
          ...actions.map(
            ({ text, owner, due, doneAt }) =>
              `| ${cell(text)} | ${cell(owner)} | ${due} | ${doneAt === null ? "" : time(doneAt)} |`,
          ),
        ]
      : ["None yet: `havn incident action " + incident.id + ' "…" --owner NAME --due DATE`.']),
    "",
  ].join("\n");
}

const suspectLine = ({ event, evidence }: Suspect) =>
  `1. ${line(event.summary)} (${time(event.at)}, ${line(evidence.join(", "))})`;
const roundSeconds = (milliseconds: number) => Math.max(Math.round(milliseconds / 1000), 0) * 1000;
const time = (at: number) => new Date(at).toISOString().slice(0, 19).replace("T", " ");
/** What others wrote stays one line and no markup. */
const line = (text: string) =>
  text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]<>#|]/g, "\\$&")
    .trim();
const cell = line;

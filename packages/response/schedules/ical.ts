import { createHash } from "node:crypto";
import type { Segment } from "./schedule.ts";

export interface CalendarOptions {
  /** Name of the schedule, as it stands in calendars and in the events' ids. */
  name: string;
  segments: readonly Segment[];
  /** Grows with every change of the schedule: calendars take the higher one. */
  sequence: number;
  now: number;
}

/**
 * RFC 5545. Materialised events in UTC, without rules of recurrence or zones: what calendars make of those differs. An
 * event's id stays while its person and begin do, so a moved end is a change and no new event.
 */
export function calendar({ name, segments, sequence, now }: CalendarOptions): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Havn//On call//EN",
    "CALSCALE:GREGORIAN",
    "METHOD:PUBLISH",
    `X-WR-CALNAME:${escapeText(`On call: ${name}`)}`,
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ...segments.flatMap((segment) => [
      "BEGIN:VEVENT",
      `UID:${uidOf(name, segment)}@havn`,
      `SEQUENCE:${sequence}`,
      `DTSTAMP:${utc(now)}`,
      `DTSTART:${utc(segment.from)}`,
      `DTEND:${utc(segment.to)}`,
      `SUMMARY:${escapeText(`${segment.person} on call (${name})`)}`,
      `DESCRIPTION:${escapeText(describe(segment))}`,
      "END:VEVENT",
    ]),
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join("");
}

function describe({ source }: Segment): string {
  switch (source.kind) {
    case "override":
      return "By an override";
    case "swap":
      return `Stands in for ${source.out}`;
    case "layer":
      return `Layer ${source.layer}`;
    case "fallback":
      return "Nobody else is on call: fallback";
  }
}

const uidOf = (name: string, { person, from }: Segment) =>
  createHash("sha256").update(`${name}\n${person}\n${from}`).digest("hex").slice(0, 32);

const utc = (at: number) => new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");

const escapeText = (text: string) => text.replace(/[\\;,]/g, "\\$&").replace(/\r?\n/g, "\\n");

/** At most 75 octets a line, never within a character. */
function fold(line: string): string {
  let out = "";
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > 74) {
      out += "\r\n ";
      octets = 1;
    }
    out += character;
    octets += size;
  }
  return out;
}

import { UsageError } from "../kit/exit.ts";

/**
 * Milliseconds since the epoch of a time that a person wrote: wall time of `zone` ("2026-12-24 16:00", "2026-12-24"),
 * or an instant with its offset ("2026-12-24T15:00:00Z"). A wall time that comes twice is its first.
 */
export function momentOption(text: string, { option, zone }: { option: string; zone: string }): number {
  const parse = text.endsWith("Z") || /[+-]\d\d:\d\d$/.test(text) ? instantOf : wallTimeOf;
  try {
    return parse(text, zone);
  } catch {
    throw new UsageError(
      `${option} "${text}" is no time`,
      `Write for example "2026-12-24 16:00" (in ${zone}) or "2026-12-24T15:00:00Z".`,
    );
  }
}

const instantOf = (text: string) => Temporal.Instant.from(text).epochMilliseconds;
const wallTimeOf = (text: string, zone: string) =>
  Temporal.PlainDateTime.from(text, { overflow: "reject" }).toZonedDateTime(zone).epochMilliseconds;

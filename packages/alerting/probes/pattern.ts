import { HavnError, type ProbeOf } from "@havn/model";

/**
 * Whether a text holds what a regular expression says, by RE2's own algorithm: in time that grows with the text only,
 * whoever wrote either. Loaded by checks that have one. Throws a HavnError (400) for what RE2 does not read.
 */
export async function compilePattern(source: string): Promise<(text: string) => boolean> {
  // By its name, so that it is part of the agent's one file.
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(source);
    return (text) => compiled.matcher(text).find();
  } catch (cause) {
    throw new HavnError(`The regular expression /${source}/ cannot be read`, {
      status: 400,
      detail: `${cause instanceof Error ? cause.message : String(cause)}. Patterns of checks are RE2's: no \\1 and no (?=…).`,
      cause,
    });
  }
}

/** The pattern that a probe looks for; undefined for one without. */
export const patternOf = (
  probe: ProbeOf<"http"> | ProbeOf<"process"> | { kind: string },
): string | undefined => {
  if ("matches" in probe) return probe.matches;
  return probe.kind === "process" && "command" in probe ? probe.command : undefined;
};

import { type CheckState, checkStates, type ProbeOf } from "@havn/model";
import type { Attempt } from "../probe.ts";
import { commandWords } from "./command.ts";
import { readPluginOutput } from "./output.ts";
import { type Ran, runProgram } from "./run.ts";

/** Where Debian and most others keep plugins, for Nagios' own $USER1$. */
const usualMacros = { USER1: "/usr/lib/nagios/plugins" };

/** Any Nagios plugin, as it is. */
export async function probePlugin(probe: ProbeOf<"plugin">, signal: AbortSignal): Promise<Attempt> {
  const given = (probe.arguments ?? []).map((value, at) => [`ARG${at + 1}`, value] as const);
  const macros = { ...usualMacros, ...probe.macros, ...Object.fromEntries(given) };
  const { words, env } = commandWords(probe.command, macros);
  const ran = await runProgram(words, { signal, env: { ...env, ...probe.env }, user: probe.user });
  return pluginAttempt(ran, words[0] ?? "");
}

export function pluginAttempt(ran: Ran, program: string): Attempt {
  if (ran.failure !== undefined) return { state: "unknown", output: `it cannot be run: ${ran.failure}` };
  const { output, long, measures, unreadable } = readPluginOutput(ran.output || ran.error);
  const notes = [
    ...(ran.cut ? ["(its further output was thrown away)"] : []),
    ...(ran.left > 0 ? ["(what it had begun and left running was ended)"] : []),
    ...(unreadable.length > 0
      ? [`(performance data that cannot be read: ${unreadable.join(" ").slice(0, 500)})`]
      : []),
  ];
  return {
    state: stateOf(ran),
    output:
      [...outOfBounds(ran, program), output.slice(0, longestOutput)].filter(Boolean).join(": ") ||
      "(no output)",
    long: [long, ...notes].filter(Boolean).join("\n"),
    measures,
  };
}

const longestOutput = 1000;

const stateOf = ({ code }: Ran): CheckState =>
  // As in Nagios: whatever else a plugin ends with is as bad as it gets.
  (code === undefined ? undefined : checkStates[code]) ?? "critical";

function outOfBounds({ code, signal, endless }: Ran, program: string): string[] {
  if (endless) return [`${program} was ended: it wrote on and on`];
  if (code === undefined) return [`${program} was ended by ${signal ?? "a signal"}`];
  if (code === 126) return [`${program} may not be executed (126)`];
  if (code === 127) return [`${program} was not found (127)`];
  return checkStates[code] === undefined ? [`${program} ended with ${code}, which is no state`] : [];
}

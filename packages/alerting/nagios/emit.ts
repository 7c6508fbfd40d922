import { type ImportedModule, inner, moduleText, objectText, quote } from "../imports/module.ts";
import { createNames } from "../imports/names.ts";
import type { NagiosConfiguration } from "./expand.ts";
import { type PlannedCheck, planImport } from "./plan.ts";

export interface Emitted {
  text: string;
  checks: number;
  /** What was not carried over, and why; each once. */
  notes: string[];
}

/** A configuration as a module of Havn's: readable, for people to go on from. */
export function emitChecks(
  configuration: NagiosConfiguration,
  options: { intervalSeconds: number; resources: Readonly<Record<string, string>> },
): Emitted {
  const { checks, telling, notes } = planImport(configuration, options);
  const commands = createNames();
  const hosts = createNames();
  const commandLines = new Map<string, string>();
  const hostMacros = new Map<string, Record<string, string>>();
  for (const one of checks) {
    if (!one.command) continue;
    commandLines.set(commands.of(one.command.name), one.command.line);
    hostMacros.set(hosts.of(one.host.name), one.host.macros);
  }
  const imported: ImportedModule = {
    source: "nagios",
    options: [],
    tables: [
      "/** Command lines as Nagios has them, its macros in them. */",
      "const commands = {",
      ...[...commandLines].map(([name, line]) => `  ${name}: ${quote(line)},`),
      "};",
      "",
      "/** What macros stand for on each host. */",
      "const hosts = {",
      ...[...hostMacros].map(([name, macros]) => `  ${name}: ${objectText(macros)},`),
      "};",
      "",
    ],
    checks: checks.map(({ name, host, rhythm, more, ...one }) => {
      const probe = probeText(
        { host, ...one },
        { command: (text) => commands.of(text), host: (text) => hosts.of(text) },
      );
      return { name, section: host.name, probe, rhythm, more };
    }),
    ...telling,
  };
  return { text: moduleText(imported), checks: checks.length, notes };
}

function probeText(
  one: Pick<PlannedCheck, "command" | "host" | "macros" | "passive">,
  names: { command(text: string): string; host(text: string): string },
): string {
  if (!one.command) return `passive: ${objectText(one.passive ?? {})}`;
  const own = `hosts.${names.host(one.host.name)}`;
  const macros = Object.keys(one.macros).length === 0 ? own : `{ ...${own}, ${inner(one.macros)} }`;
  const given =
    one.command.arguments.length > 0 ? `, arguments: ${JSON.stringify(one.command.arguments)}` : "";
  return `from, plugin: { command: commands.${names.command(one.command.name)}${given}, macros: ${macros} }`;
}

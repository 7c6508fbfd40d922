import type { NagiosConfiguration } from "./expand.ts";
import { createNames } from "./names.ts";
import { type PlannedCheck, type PlannedReceiver, planImport } from "./plan.ts";

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
  const { checks, receivers, notes } = planImport(configuration, options);
  const commands = createNames();
  const hosts = createNames();
  const rhythms = createNames();
  const commandLines = new Map<string, string>();
  const hostMacros = new Map<string, Record<string, string>>();
  const rhythmTexts = new Map<string, string>();
  for (const one of checks) {
    if (one.command) commandLines.set(commands.of(one.command.name), one.command.line);
    if (one.command) hostMacros.set(hosts.of(one.host.name), one.host.macros);
    const rhythm = objectText(one.rhythm);
    if (!rhythmTexts.has(rhythm))
      rhythmTexts.set(rhythm, rhythms.of(`every ${one.rhythm["interval"] ?? "told"}`, rhythm));
  }
  const context = { commands, hosts, rhythmTexts };
  const usesMail = receivers.some(({ emails }) => emails.length > 0);
  const imports = ["check", "type HostHandle", ...(receivers.length > 0 ? ["receiver", "route"] : [])].sort(
    byWord,
  );
  const lines = [
    "// Made by `havn import nagios`: from here on it is yours.",
    `import { ${imports.join(", ")} } from ${quote("havn")};`,
    "",
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
    "/** How often, and when a state is believed. */",
    "const rhythms = {",
    ...[...rhythmTexts].map(([text, name]) => `  ${name}: ${text},`),
    "};",
    "",
    "export interface NagiosOptions {",
    "  /** Whose agent runs the plugins; the control plane where left out. */",
    "  from?: HostHandle;",
    ...(usesMail
      ? ["  /** How mails are sent to the contacts. */", "  mail: { from: string; server: string };"]
      : []),
    "}",
    "",
    "/** Call it inside of environment(). */",
    `export function nagiosChecks({ from${usesMail ? ", mail" : ""} }: NagiosOptions${usesMail ? "" : " = {}"}): void {`,
    ...sections(checks).flatMap(([host, some]) => [
      `  // ${host}`,
      ...some.map((one) => `  ${checkText(one, context)}`),
      "",
    ]),
    ...receiverLines(receivers),
    "}",
    "",
  ];
  return { text: lines.join("\n"), checks: checks.length, notes };
}

const byWord = (a: string, b: string): number => a.replace("type ", "").localeCompare(b.replace("type ", ""));

function sections(checks: readonly PlannedCheck[]): [string, PlannedCheck[]][] {
  return [...Map.groupBy(checks, ({ host }) => host.name)];
}

interface Context {
  commands: ReturnType<typeof createNames>;
  hosts: ReturnType<typeof createNames>;
  rhythmTexts: ReadonlyMap<string, string>;
}

function checkText(one: PlannedCheck, { commands, hosts, rhythmTexts }: Context): string {
  const parts: string[] = [];
  if (one.command) {
    const own = `hosts.${hosts.of(one.host.name)}`;
    const macros = Object.keys(one.macros).length === 0 ? own : `{ ...${own}, ${inner(one.macros)} }`;
    const given =
      one.command.arguments.length > 0 ? `, arguments: ${JSON.stringify(one.command.arguments)}` : "";
    parts.push(
      "from",
      `plugin: { command: commands.${commands.of(one.command.name)}${given}, macros: ${macros} }`,
    );
  } else parts.push(`passive: ${objectText(one.passive ?? {})}`);
  parts.push(`...rhythms.${rhythmTexts.get(objectText(one.rhythm))}`);
  for (const [name, value] of Object.entries(one.more)) parts.push(`${name}: ${valueText(value)}`);
  return `check(${quote(one.name)}, { ${parts.join(", ")} });`;
}

function receiverLines(receivers: readonly PlannedReceiver[]): string[] {
  if (receivers.length === 0) return [];
  const names = createNames();
  const groups = new Map(receivers.map((one) => [one.group, one.emails]));
  return [
    "  // Contacts",
    ...[...groups].map(
      ([group, emails]) =>
        `  const ${names.of(group)} = receiver(${quote(one(group))}, { channels: [${emails.map((to) => `{ kind: "email", to: ${quote(to)}, ...mail }`).join(", ")}] });`,
    ),
    '  route("nagios", {',
    "    routes: [",
    ...receivers.map(({ group, period, activeIn, repeat }) => {
      const match = [
        `contact_groups=~".*,${group},.*"`,
        ...(period === undefined ? [] : [`notification_period="${period}"`]),
      ];
      const parts = [
        `match: [${match.map(quote).join(", ")}]`,
        `receiver: ${names.of(group)}`,
        "continue: true",
        'groupBy: ["check"]',
        ...(activeIn === undefined ? [] : [`activeIn: ${valueText(activeIn)}`]),
        ...(repeat === undefined ? [] : [`repeatInterval: ${quote(repeat)}`]),
      ];
      return `      { ${parts.join(", ")} },`;
    }),
    "    ],",
    "  });",
  ];
}

/** A name that a resource may have. */
const one = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 63);

const quote = (text: string): string => JSON.stringify(text);
const inner = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .map(([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : quote(name)}: ${valueText(value)}`)
    .join(", ");
const objectText = (values: Record<string, unknown>): string =>
  Object.keys(values).length === 0 ? "{}" : `{ ${inner(values)} }`;

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value === "object" && value !== null) return objectText(value as Record<string, unknown>);
  return JSON.stringify(value);
}

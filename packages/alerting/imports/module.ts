import { createNames, labelText } from "./names.ts";
import type { Times } from "./periods.ts";
import type { Level, Person } from "./telling.ts";

/** One check as it will be written. */
export interface WrittenCheck {
  name: string;
  /** The host: checks stand together by it. */
  section: string;
  /** Its probe as text: `from, plugin: { … }`. */
  probe: string;
  rhythm: Record<string, unknown>;
  more: Record<string, unknown>;
}

/** Whom to tell of what. */
export interface PlannedReceiver {
  name: string;
  /** Matchers of the alerts. */
  match: string[];
  /** Told, and not asked for an answer. */
  emails: string[];
  /** Asked one after another until somebody answers; then no other receiver is told. */
  levels: Level[];
  /** Name of a period in which only it is told. */
  period: string | undefined;
  repeat: string | undefined;
}

export interface PlannedPeriod {
  name: string;
  activeIn: Times[];
  muteIn: Times[];
}

/** Times in which a check's failure is told to nobody. */
export interface PlannedPause {
  name: string;
  match: string[];
  windows: { schedule: string; for: string }[];
}

export interface ImportedModule {
  /** `nagios`, `icinga`. */
  source: string;
  /** Constants before the function. */
  tables: readonly string[];
  checks: readonly WrittenCheck[];
  /** Options of the function beside `from`, `mail` and `zone`: name, type and what they are. */
  options: readonly { name: string; type: string; about: string }[];
  people: readonly Person[];
  receivers: readonly PlannedReceiver[];
  periods: readonly PlannedPeriod[];
  pauses: readonly PlannedPause[];
}

/** A module of Havn's: readable, for people to go on from. */
export function moduleText(imported: ImportedModule): string {
  const { source, tables, checks, receivers, pauses, periods, people } = imported;
  const name = `${source.charAt(0).toUpperCase()}${source.slice(1)}Options`;
  const usesMail = people.length > 0 || receivers.some(({ emails }) => emails.length > 0);
  const usesZone = pauses.length > 0 || periods.length > 0;
  const options = [
    {
      name: "from?",
      type: "HostHandle",
      about: "Whose agent runs the plugins; the control plane where left out.",
    },
    ...imported.options,
    ...(usesMail
      ? [{ name: "mail", type: "{ from: string; server: string }", about: "How mails are sent to people." }]
      : []),
    ...(usesZone
      ? [
          {
            name: "zone?",
            type: "string",
            about: "IANA zone in whose time periods are meant; UTC where left out.",
          },
        ]
      : []),
  ];
  const rhythms = rhythmsOf(checks);
  const pages = receivers.some(({ levels }) => levels.length > 0);
  const used = [
    ...["check", "type HostHandle"],
    ...(pages ? ["contact", "escalation"] : []),
    ...(receivers.length > 0 ? ["receiver", "route"] : []),
    ...(pauses.length > 0 ? ["maintenance"] : []),
  ].sort((a, b) => a.replace("type ", "").localeCompare(b.replace("type ", "")));
  const given = options.map((one) => one.name.replace("?", ""));
  return [
    `// Made by \`havn import ${source}\`: from here on it is yours.`,
    `import { ${used.join(", ")} } from ${quote("havn")};`,
    "",
    ...tables,
    "/** How often, and when a state is believed. */",
    "const rhythms = {",
    ...[...rhythms].map(([text, rhythm]) => `  ${rhythm}: ${text},`),
    "};",
    "",
    `export interface ${name} {`,
    ...options.flatMap((one) => [`  /** ${one.about} */`, `  ${one.name}: ${one.type};`]),
    "}",
    "",
    "/** Call it inside of environment(). */",
    `export function ${source}Checks({ ${given.map((one) => (one === "zone" ? 'zone = "UTC"' : one)).join(", ")} }: ${name}${usesMail ? "" : " = {}"}): void {`,
    ...[...Map.groupBy(checks, ({ section }) => section)].flatMap(([host, some]) => [
      `  // ${host.replaceAll(/\s+/g, " ")}`,
      ...some.map((one) => `  ${checkText(one, rhythms)}`),
      "",
    ]),
    ...pauses.map(pauseText),
    ...receiverLines(imported),
    "}",
    "",
  ].join("\n");
}

/** Each way to check once, by its text. */
function rhythmsOf(checks: readonly WrittenCheck[]): Map<string, string> {
  const names = createNames();
  const found = new Map<string, string>();
  for (const { rhythm } of checks) {
    const text = objectText(rhythm);
    if (!found.has(text)) found.set(text, names.of(`every ${rhythm.interval ?? "told"}`, text));
  }
  return found;
}

function checkText(one: WrittenCheck, rhythms: ReadonlyMap<string, string>): string {
  const parts = [one.probe, `...rhythms.${rhythms.get(objectText(one.rhythm))}`];
  for (const [name, value] of Object.entries(one.more)) parts.push(`${name}: ${valueText(value)}`);
  return `check(${quote(one.name)}, { ${parts.join(", ")} });`;
}

function pauseText({ name, match, windows }: PlannedPause): string {
  const all = windows.map(
    ({ schedule, for: length }) => `{ schedule: ${quote(schedule)}, for: ${quote(length)}, zone }`,
  );
  return `  maintenance(${quote(labelText(`outside-${name}`))}, { windows: [${all.join(", ")}], match: ${valueText(match)}, reason: ${quote(`outside of ${name}`)} });`;
}

function receiverLines({ source, receivers, people, periods }: ImportedModule): string[] {
  if (receivers.length === 0) return [];
  const names = createNames();
  const paged = new Set(receivers.flatMap(({ levels }) => levels.flatMap((level) => level.people)));
  const label = createLabelsOf(receivers.map(({ name }) => name));
  const lines = ["  // Whom to tell"];
  for (const { name, emails } of people)
    if (paged.has(name))
      lines.push(
        `  const ${names.of(`person ${name}`)} = contact(${quote(labelText(name))}, { ways: [${emails.map(mailText).join(", ")}] });`,
      );
  if (periods.length > 0)
    lines.push(
      "  const periods = {",
      ...periods.map(({ name, activeIn, muteIn }) => {
        const parts = [
          ...(activeIn.length > 0 ? [`activeIn: [${activeIn.map(timesText).join(", ")}]`] : []),
          ...(muteIn.length > 0 ? [`muteIn: [${muteIn.map(timesText).join(", ")}]`] : []),
        ];
        return `    ${names.of(`period ${name}`)}: { ${parts.join(", ")} },`;
      }),
      "  };",
    );
  for (const [name, one] of new Map(receivers.map((receiver) => [receiver.name, receiver]))) {
    const variable = names.of(name);
    const own = quote(label.get(name) ?? "");
    if (one.levels.length === 0) {
      lines.push(
        `  const ${variable} = receiver(${own}, { channels: [${one.emails.map(mailText).join(", ")}] });`,
      );
      continue;
    }
    const levels = one.levels.map(
      ({ people: targets, timeout }) =>
        `{ targets: [${targets.map((target) => names.of(`person ${target}`)).join(", ")}], timeout: ${quote(timeout)} }`,
    );
    lines.push(
      `  const ${variable} = receiver(${own}, { escalation: escalation(${own}, { levels: [${levels.join(", ")}] }) });`,
    );
  }
  lines.push(`  route(${quote(source)}, {`, "    routes: [");
  // Who is asked for an answer first: who is paged need not be told besides.
  for (const one of receivers.toSorted((a, b) => Number(b.levels.length > 0) - Number(a.levels.length > 0))) {
    const parts = [
      `match: [${one.match.map(quote).join(", ")}]`,
      `receiver: ${names.of(one.name)}`,
      ...(one.levels.length > 0 ? [] : ["continue: true"]),
      'groupBy: ["check"]',
      ...(one.period === undefined ? [] : [`...periods.${names.of(`period ${one.period}`)}`]),
      ...(one.repeat === undefined ? [] : [`repeatInterval: ${quote(one.repeat)}`]),
    ];
    lines.push(`      { ${parts.join(", ")} },`);
  }
  return [...lines, "    ],", "  });"];
}

const mailText = (to: string): string => `{ kind: "email", to: ${quote(to)}, ...mail }`;
const timesText = (times: Times): string => `{ ${inner({ ...times })}, zone }`;

/** Names that resources may have, each once. */
function createLabelsOf(names: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    [...new Set(names)].map((name) => {
      let label = labelText(name);
      for (let number = 2; taken.has(label); number++) label = `${labelText(name)}-${number}`;
      taken.add(label);
      return [name, label];
    }),
  );
}

export const quote = (text: string): string => JSON.stringify(text);
export const inner = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .map(([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : quote(name)}: ${valueText(value)}`)
    .join(", ");
export const objectText = (values: Record<string, unknown>): string =>
  Object.keys(values).length === 0 ? "{}" : `{ ${inner(values)} }`;

export function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value === "object" && value !== null) return objectText(value as Record<string, unknown>);
  return JSON.stringify(value);
}

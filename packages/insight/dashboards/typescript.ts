import type { DashboardProperties } from "@havn/model";

const lineLength = 100;

/** A dashboard as it is declared in a configuration: evaluated, it gives the same properties. */
export function typescriptOf(name: string, dashboard: DashboardProperties): string {
  const { range, ...rest } = dashboard;
  // What is usual need not be written.
  const written = { ...(range === "1h" ? {} : { range }), ...rest, panels: rest.panels.map(panelOf) };
  return [
    `import { dashboard } from ${JSON.stringify("havn")};`,
    "",
    `dashboard(${JSON.stringify(name)}, ${literal(written, "")});`,
    "",
  ].join("\n");
}

function panelOf({ title, ...rest }: DashboardProperties["panels"][number]): object {
  const { kind, ...others } = rest;
  return { kind, ...(title === "" ? {} : { title }), ...others };
}

function literal(value: unknown, indent: string): string {
  const short = inOneLine(value);
  if (indent.length + short.length <= lineLength || typeof value !== "object" || value === null) return short;
  const inner = `${indent}  `;
  if (Array.isArray(value))
    return `[\n${value.map((one) => `${inner}${literal(one, inner)},\n`).join("")}${indent}]`;
  const entries = entriesOf(value).map(([key, one]) => `${inner}${keyText(key)}: ${literal(one, inner)},\n`);
  return `{\n${entries.join("")}${indent}}`;
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return scriptText(value);
  const entries = entriesOf(value).map(([key, one]) => `${keyText(key)}: ${inOneLine(one)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

const entriesOf = (value: object) => Object.entries(value).filter(([, one]) => one !== undefined);
const keyText = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));
/** JSON but for two signs that end a line in a script. */
const scriptText = (value: unknown) =>
  JSON.stringify(value)
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");

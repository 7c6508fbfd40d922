import { isReference } from "@havn/model";

/** TypeScript that stands for something else than its own text: a variable, a call. */
export class Code {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const widest = 100;

/** A value as TypeScript, on one line where it is short, else one entry a line. */
export function literal(value: unknown, indent = ""): string {
  const flat = oneLine(value);
  if (
    flat.length + indent.length <= widest ||
    typeof value !== "object" ||
    value === null ||
    value instanceof Code
  )
    return flat;
  const inner = `${indent}  `;
  const entries = Array.isArray(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${keyOf(key)}: ${literal(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${entries.map((entry) => `${inner}${entry},\n`).join("")}${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (value instanceof Code) return value.text;
  if (isReference(value) && "$secret" in value)
    return `secret(${JSON.stringify(value.$secret)}, { generated: false })`;
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return entries.length === 0
      ? "{}"
      : `{ ${entries.map(([key, item]) => `${keyOf(key)}: ${oneLine(item)}`).join(", ")} }`;
  }
  return JSON.stringify(value) ?? "undefined";
}

const keyOf = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

import type { Node } from "./syntax.ts";
import { IcingaError, type Place } from "./tokens.ts";

/** What an expression gives. Arrays and dictionaries are shared, not copied, as in Icinga. */
export type Value = null | boolean | number | string | Value[] | Dictionary | Callable | TypeName;

/** A dictionary, an object of the configuration or a namespace. Its keys are told sorted, as Icinga keeps them. */
export class Dictionary {
  readonly fields: Map<string, Value>;
  /** Type of an object, "Namespace", or undefined. */
  readonly of: string | undefined;

  constructor(fields: Iterable<readonly [string, Value]> = [], of?: string) {
    this.fields = new Map(fields);
    this.of = of;
  }
  get(name: string): Value {
    return this.fields.get(name) ?? null;
  }
  keys(): string[] {
    return [...this.fields.keys()].sort(byBytes);
  }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A function of the configuration. */
export interface Written {
  parameters: readonly string[];
  body: readonly Node[];
  taken: ReadonlyMap<string, Value>;
}

export class Callable {
  readonly name: string;
  readonly does: Written | ((given: readonly Value[], at: Place) => Value);
  constructor(name: string, does: Callable["does"]) {
    this.name = name;
    this.does = does;
  }
}

export class TypeName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Dictionary) return value.of !== undefined || value.fields.size > 0;
  return value instanceof Callable || value instanceof TypeName || Boolean(value);
}

/** null and "" are the same to Icinga. */
const isEmpty = (value: Value): boolean => value === null || value === "";

export function isEqual(a: Value, b: Value): boolean {
  if (isEmpty(a) && isEmpty(b)) return true;
  if ((typeof a === "string" || a === null) && (typeof b === "string" || b === null)) return a === b;
  if (isNumeric(a) && isNumeric(b)) return Number(a) === Number(b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, at) => isEqual(one, b[at] ?? null));
  if (a instanceof TypeName && b instanceof TypeName) return a.name === b.name;
  return a === b;
}

const isNumeric = (value: Value): value is boolean | number =>
  typeof value === "number" || typeof value === "boolean";

export function typeOf(value: Value): string {
  if (value === null) return "Empty";
  if (Array.isArray(value)) return "Array";
  if (value instanceof Dictionary) return value.of ?? "Dictionary";
  if (value instanceof Callable) return "Function";
  if (value instanceof TypeName) return "Type";
  return typeof value === "string" ? "String" : typeof value === "number" ? "Number" : "Boolean";
}

/** As Icinga makes text of it: whole numbers plainly, others with six digits. */
export function textOf(value: Value): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toFixed(6);
  if (typeof value === "boolean") return String(value);
  if (value instanceof Callable || value instanceof TypeName) return `Object of type '${typeOf(value)}'`;
  return written(value, 0);
}

function written(value: Value, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return value.toFixed(6);
  if (value === null) return "null";
  if (Array.isArray(value))
    return value.length === 0 ? "[ ]" : `[ ${value.map((one) => written(one, depth)).join(", ")} ]`;
  if (!(value instanceof Dictionary)) return textOf(value);
  const inside = value
    .keys()
    .map((name) => `${"\t".repeat(depth + 1)}${name} = ${written(value.get(name), depth + 1)}\n`);
  return `{\n${inside.join("")}${"\t".repeat(depth)}}`;
}

/** A value as JSON; functions are told as undefined. */
export function plain(value: Value): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Dictionary)
    return Object.fromEntries(value.keys().map((name) => [name, plain(value.get(name))]));
  return value instanceof Callable || value instanceof TypeName ? undefined : value;
}

/** JSON as values. */
export function fromJson(given: unknown): Value {
  if (Array.isArray(given)) return given.map(fromJson);
  if (typeof given === "object" && given !== null)
    return new Dictionary(Object.entries(given).map(([name, one]) => [name, fromJson(one)]));
  return typeof given === "string" || typeof given === "number" || typeof given === "boolean" ? given : null;
}

/** One operator. What it cannot be applied to is an `IcingaError`. */
export function operate(sign: string, a: Value, b: Value, at: Place): Value {
  const refused = () => new IcingaError(`"${sign}" cannot be applied to ${typeOf(a)} and ${typeOf(b)}`, at);
  switch (sign) {
    case "==":
      return isEqual(a, b);
    case "!=":
      return !isEqual(a, b);
    case "in":
    case "!in": {
      if (b !== null && !Array.isArray(b)) throw refused();
      return (b ?? []).some((one) => isEqual(one, a)) === (sign === "in");
    }
    case "+":
      return added(a, b, refused);
    case "-":
      if ((Array.isArray(a) || a === null) && Array.isArray(b))
        return (a ?? []).filter((one) => !b.some((other) => isEqual(one, other)));
      break;
    case "<":
    case ">":
    case "<=":
    case ">=":
      return compared(sign, a, b, refused);
  }
  if (!isNumber(a) || !isNumber(b) || (a === null && b === null)) throw refused();
  if ((sign === "/" || sign === "%") && Number(b) === 0) throw new IcingaError(`"${sign}" by zero`, at);
  return calculate(sign, Number(a), Number(b));
}

const isNumber = (value: Value): boolean => value === null || typeof value === "number";
const isText = (value: Value): boolean =>
  value === null || typeof value === "string" || typeof value === "number";

function added(a: Value, b: Value, refused: () => IcingaError): Value {
  if (a === null && b === null) throw refused();
  if (isNumber(a) && isNumber(b)) return Number(a) + Number(b);
  if (isText(a) && isText(b)) return textOf(a) + textOf(b);
  if ((Array.isArray(a) || a === null) && (Array.isArray(b) || b === null))
    return [...(a ?? []), ...(b ?? [])];
  if ((a instanceof Dictionary || a === null) && (b instanceof Dictionary || b === null))
    return new Dictionary([...(a?.fields ?? []), ...(b?.fields ?? [])]);
  throw refused();
}

function compared(sign: string, a: Value, b: Value, refused: () => IcingaError): boolean {
  const isTextual = typeof a === "string" && typeof b === "string";
  if (!isTextual && !(isNumber(a) && isNumber(b))) throw refused();
  const order = isTextual ? byBytes(textOf(a), textOf(b)) : Math.sign(Number(a) - Number(b));
  return sign === "<" ? order < 0 : sign === ">" ? order > 0 : sign === "<=" ? order <= 0 : order >= 0;
}

function calculate(sign: string, a: number, b: number): number {
  switch (sign) {
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return Math.trunc(a) % Math.trunc(b);
    case "<<":
      return Math.trunc(a) * 2 ** Math.trunc(b);
    case ">>":
      return Math.floor(Math.trunc(a) / 2 ** Math.trunc(b));
    case "&":
      return a & b;
    case "|":
      return a | b;
    default:
      return a ^ b;
  }
}

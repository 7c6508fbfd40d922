import { compileLoose } from "@havn/model/regexp";
import { items, uniqueOf } from "./methods.ts";
import { IcingaError, type Place } from "./tokens.ts";
import {
  Callable,
  Dictionary,
  fromJson,
  isEqual,
  isTrue,
  plain,
  TypeName,
  textOf,
  typeOf,
  type Value,
} from "./values.ts";

/** What the language brings along. */
export function builtIn(): Dictionary {
  const made = new Dictionary(
    Object.entries(functions).map(([name, does]) => [name, new Callable(name, does)]),
    "Namespace",
  );
  for (const [name, value] of Object.entries(constants)) made.fields.set(name, value);
  for (const name of types) made.fields.set(name, new TypeName(name));
  const inside = (all: Readonly<Record<string, (given: readonly Value[], at: Place) => Value>>) =>
    new Dictionary(
      Object.entries(all).map(([name, does]) => [name, new Callable(name, does)]),
      "Namespace",
    );
  made.fields.set("Json", inside(json));
  made.fields.set("Math", inside(math));
  return made;
}

const types = [
  ...[
    "Host",
    "Service",
    "CheckCommand",
    "NotificationCommand",
    "EventCommand",
    "User",
    "UserGroup",
    "HostGroup",
  ],
  ...[
    "ServiceGroup",
    "TimePeriod",
    "Notification",
    "Dependency",
    "ScheduledDowntime",
    "Zone",
    "Endpoint",
    "Comment",
  ],
  ...["Downtime", "String", "Number", "Boolean", "Array", "Dictionary", "Function", "Type", "Object"],
];
const names = (all: readonly string[]) => Object.fromEntries(all.map((name) => [name, name]));
const constants: Readonly<Record<string, Value>> = {
  ...names([
    "OK",
    "Warning",
    "Critical",
    "Unknown",
    "Up",
    "Down",
    "Problem",
    "Acknowledgement",
    "Recovery",
    "Custom",
  ]),
  ...names(["FlappingStart", "FlappingEnd", "DowntimeStart", "DowntimeEnd", "DowntimeRemoved"]),
  ...names(["DowntimeNoChildren", "DowntimeTriggeredChildren", "DowntimeNonTriggeredChildren"]),
  ...{ ServiceOK: 0, ServiceWarning: 1, ServiceCritical: 2, ServiceUnknown: 3, HostUp: 0, HostDown: 1 },
  ...{
    MatchAll: 0,
    MatchAny: 1,
    LogDebug: 0,
    LogNotice: 1,
    LogInformation: 2,
    LogWarning: 3,
    LogCritical: 4,
  },
};

type Function = (given: readonly Value[], at: Place) => Value;

const functions: Readonly<Record<string, Function>> = {
  len: ([of = null]) =>
    typeof of === "string"
      ? of.length
      : Array.isArray(of)
        ? of.length
        : of instanceof Dictionary
          ? of.fields.size
          : 0,
  string: ([of = null]) => textOf(of),
  number: ([of = null], at) => {
    const made = Number(of ?? 0);
    if (Number.isNaN(made)) throw new IcingaError(`"${textOf(of)}" is no number`, at);
    return made;
  },
  bool: ([of = null]) => isTrue(of),
  typeof: ([of = null]) => new TypeName(of === null ? "Object" : typeOf(of)),
  keys: ([of = null]) => (of instanceof Dictionary ? of.keys() : []),
  match: (given) => matched(given, (pattern, text) => glob(pattern).test(text)),
  regex: (given, at) =>
    matched(given, (pattern, text) => {
      try {
        // RE2: with others `(a+)+$` would stand still for hours. `^` and `$` are of lines, as in Icinga.
        return compileLoose(`(?m)${pattern}`).matcher(text).find();
      } catch {
        throw new IcingaError(`"${pattern}" is no regular expression that can be read here`, at);
      }
    }),
  cidr_match: (given) => matched(given, isInNetwork),
  range: ([a = null, b = null, step = 1]) => {
    const [from, to] = b === null ? [0, Number(a)] : [Number(a), Number(b)];
    const by = Number(step) || 1;
    const count = Math.max(0, Math.min(100_000, Math.ceil((to - from) / by)));
    return Array.from({ length: count }, (_, index) => from + index * by);
  },
  union: (given) => uniqueOf(given.flatMap(items)).toSorted(byText),
  intersection: ([first = null, ...others]) =>
    uniqueOf(
      items(first).filter((one) => others.every((other) => items(other).some((two) => isEqual(one, two)))),
    ).toSorted(byText),
  basename: ([path = null]) => textOf(path).split("/").at(-1) ?? "",
  dirname: ([path = null]) => textOf(path).split("/").slice(0, -1).join("/"),
  escape_shell_arg: ([text = null]) => shellText(textOf(text)),
  escape_shell_cmd: ([text = null]) => textOf(text).replaceAll(/[#&;`|*?~<>^()[\]{}$\\"'\n]/g, "\\$&"),
  // Nothing is installed by Windows' installer here.
  msi_get_component_path: () => "",
  log: () => null,
  assert: ([holds = null], at) => {
    if (!isTrue(holds)) throw new IcingaError("What is asserted does not hold", at);
    return null;
  },
};

const byText = (a: Value, b: Value): number =>
  typeof a === "number" && typeof b === "number" ? a - b : textOf(a) < textOf(b) ? -1 : 1;

export const shellText = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A text, or each (any) of a list of them. Nothing matches nothing. */
function matched(
  [pattern = null, texts = null, mode = 0]: readonly Value[],
  fits: (pattern: string, text: string) => boolean,
): boolean {
  if (!Array.isArray(texts)) return fits(textOf(pattern), textOf(texts));
  if (texts.length === 0) return false;
  const isOne = (text: Value) => fits(textOf(pattern), textOf(text));
  return mode === 1 ? texts.some(isOne) : texts.every(isOne);
}

export const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[\\^$.+()[\]{}|]/g, "\\$&")
      .replaceAll("*", "[^]*")
      .replaceAll("?", "[^]")}$`,
    "i",
  );

function isInNetwork(network: string, address: string): boolean {
  const [base = "", length] = network.split("/");
  const [a, b] = [bits(base), bits(address)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  const count = length === undefined ? a.length : Number(length);
  return a.slice(0, count) === b.slice(0, count);
}

function bits(address: string): string | undefined {
  if (/^\d+(\.\d+){3}$/.test(address))
    return address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  if (!address.includes(":")) return undefined;
  const [left = "", right] = address.split("::");
  const groups = (text: string) => text.split(":").filter((one) => one !== "");
  const missing = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array<string>(Math.max(0, missing)).fill("0"), ...groups(right ?? "")];
  return all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

const json: Readonly<Record<string, Function>> = {
  encode: ([of = null]) => JSON.stringify(plain(of)),
  decode: ([text = null], at) => {
    try {
      return fromJson(JSON.parse(textOf(text)));
    } catch {
      throw new IcingaError("What Json.decode was given is no JSON", at);
    }
  },
};

const math: Readonly<Record<string, Function>> = {
  abs: ([x = null]) => Math.abs(Number(x)),
  ceil: ([x = null]) => Math.ceil(Number(x)),
  floor: ([x = null]) => Math.floor(Number(x)),
  round: ([x = null]) => Math.round(Number(x)),
  sqrt: ([x = null]) => Math.sqrt(Number(x)),
  pow: ([x = null, y = null]) => Number(x) ** Number(y),
  min: (given) => Math.min(...given.map(Number)),
  max: (given) => Math.max(...given.map(Number)),
};

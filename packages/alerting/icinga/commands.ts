import { shellText } from "./language/builtin.ts";
import type { Frame } from "./language/evaluate.ts";
import { call } from "./language/evaluate.ts";
import { IcingaError, type Place } from "./language/tokens.ts";
import { Callable, Dictionary, isTrue, textOf, type Value } from "./language/values.ts";

/** What macros of a check may stand for, the first that knows a name says it. */
export interface Macros {
  /** `service`, `host`, `command`, each with its object. */
  objects: readonly (readonly [string, Dictionary])[];
  frame: Frame;
  at: Place;
  /** Told of macros that have a value only while Icinga runs. */
  note(macro: string): void;
}

export interface CommandLine {
  command: string[];
  env: Record<string, string>;
}

/** The very words that Icinga would run, with all macros filled in. What cannot be is an `IcingaError`. */
export function commandLineOf(command: Dictionary, macros: Macros): CommandLine {
  const line = command.get("command");
  const given = command.get("arguments");
  const words = argumentsOf(line, given, macros);
  const env = command.get("env");
  const variables = env instanceof Dictionary ? env.keys() : [];
  return {
    command: words,
    env: Object.fromEntries(
      variables.flatMap((name) => {
        const { value, missing } = resolved((env as Dictionary).get(name), macros);
        return missing === undefined && !Array.isArray(value) ? [[name, textOf(value)]] : [];
      }),
    ),
  };
}

/** A command with its arguments as words. A text alone is a line for the shell. */
function argumentsOf(line: Value, given: Value, macros: Macros): string[] {
  const hasArguments = given instanceof Dictionary;
  if (typeof line === "string" && !hasArguments) {
    const { value } = resolved(line, macros, { shell: shellText });
    return ["/bin/sh", "-c", textOf(value)];
  }
  const begun = typeof line === "string" ? [line] : resolved(line, macros).value;
  const words = (Array.isArray(begun) ? begun : [begun]).map(textOf);
  if (!hasArguments) return words;
  const parts = given.keys().flatMap((name) => argumentOf(name, given.get(name), macros) ?? []);
  return [...words, ...parts.toSorted((a, b) => a.order - b.order).flatMap((part) => part.words)];
}

function argumentOf(
  name: string,
  written: Value,
  macros: Macros,
): { order: number; words: string[] } | undefined {
  const about = written instanceof Dictionary ? written : new Dictionary([["value", written]]);
  const field = (key: string, otherwise: Value): Value =>
    about.fields.has(key) ? about.get(key) : otherwise;
  if (about.fields.has("set_if")) {
    const { value, missing } = resolved(about.get("set_if"), macros);
    if (missing !== undefined || !isSet(value)) return undefined;
  }
  const { value, missing } = resolved(about.get("value"), macros);
  if (missing !== undefined) {
    if (isTrue(field("required", false)))
      throw new IcingaError(`Argument ${name} is required, and $${missing}$ has no value`, macros.at);
    return undefined;
  }
  const key = textOf(field("key", name));
  const separator = textOf(field("separator", ""));
  const order = Number(field("order", 0));
  const isAlone = about.get("value") === null || about.get("value") === "";
  if (value instanceof Dictionary) return undefined;
  const skipKey = isTrue(field("skip_key", false));
  const repeats = isTrue(field("repeat_key", true));
  const one = (item: Value, withKey: boolean): string[] => {
    if (withKey && separator !== "" && !isAlone) return [`${key}${separator}${textOf(item)}`];
    return [...(withKey ? [key] : []), ...(isAlone ? [] : [textOf(item)])];
  };
  const words = Array.isArray(value)
    ? value.flatMap((item, at) => one(item, !skipKey && (at === 0 || repeats)))
    : one(value, !skipKey);
  return { order, words };
}

/** Texts count as numbers here: "0" and "" do not set an argument. */
function isSet(value: Value): boolean {
  if (typeof value !== "string") return isTrue(value);
  if (value === "true" || value === "false") return value === "true";
  return value !== "" && Number(value) !== 0;
}

interface Resolved {
  value: Value;
  /** The first macro that nothing knows. */
  missing: string | undefined;
}

/** A text, or a list or dictionary of texts, with its macros filled in. */
function resolved(
  value: Value,
  macros: Macros,
  { depth = 0, shell }: { depth?: number; shell?: (text: string) => string } = {},
): Resolved {
  if (depth > 15) throw new IcingaError("Macros name each other in a circle", macros.at);
  if (typeof value === "string") return textResolved(value, macros, { depth, ...(shell && { shell }) });
  if (Array.isArray(value)) {
    const all = value.map((one) => resolved(one, macros, { depth: depth + 1, ...(shell && { shell }) }));
    return {
      value: all.map((one) => one.value),
      missing: all.find((one) => one.missing !== undefined)?.missing,
    };
  }
  if (value instanceof Callable) return { value: answered(value, macros, depth), missing: undefined };
  return { value, missing: undefined };
}

function textResolved(
  text: string,
  macros: Macros,
  { depth, shell }: { depth: number; shell?: (text: string) => string },
): Resolved {
  const whole = /^\$([^$]+)\$$/.exec(text)?.[1];
  if (whole !== undefined && !shell) {
    const found = macro(whole, macros, depth);
    return found ?? { value: "", missing: whole };
  }
  let missing: string | undefined;
  const filled = text.replaceAll(/\$([^$]*)\$/g, (_, name: string) => {
    if (name === "") return "$";
    const found = macro(name, macros, depth);
    missing ??= found ? found.missing : name;
    const value = found?.value ?? "";
    const plain = Array.isArray(value) ? value.map(textOf).join(";") : textOf(value);
    return shell ? shell(plain) : plain;
  });
  return { value: filled, missing };
}

/** Macros of which only a running Icinga knows. */
const running =
  /^((host|service)\.)?((last_)?(hard_)?state(_id|_type|_change)?|output|long_output|perfdata|check_source|latency|execution_time|check_attempt|duration_sec|downtime_depth|last_check|next_check|reachable|num_services\w*)$|^icinga\./;

function macro(name: string, macros: Macros, depth: number): Resolved | undefined {
  const [first = "", ...rest] = name.split(".");
  for (const [word, object] of macros.objects) {
    if (rest.length > 0 && first !== word) continue;
    const path = rest.length > 0 ? rest : [name];
    const vars = object.get("vars");
    if (rest.length === 0 && vars instanceof Dictionary && vars.fields.has(name))
      return resolved(vars.get(name), macros, { depth: depth + 1 });
    const found = along(object, path);
    if (found === undefined) continue;
    return path[0] === "vars" || path[0] === "notes"
      ? resolved(found, macros, { depth: depth + 1 })
      : { value: found, missing: undefined };
  }
  if (running.test(name)) {
    macros.note(name);
    return { value: "", missing: undefined };
  }
  return undefined;
}

function along(object: Dictionary, path: readonly string[]): Value | undefined {
  let at: Value = object;
  for (const name of path) {
    if (!(at instanceof Dictionary) || !at.fields.has(name)) return undefined;
    at = at.get(name);
  }
  return at;
}

/** What `{{ … }}` gives: its macros are those of the check. */
function answered(of: Callable, macros: Macros, depth: number): Value {
  const scope = new Dictionary([
    [
      "macro",
      new Callable("macro", ([text = null]) => {
        const { value, missing } = resolved(text, macros, { depth: depth + 1 });
        return missing === undefined ? value : null;
      }),
    ],
    [
      "resolve_arguments",
      new Callable("resolve_arguments", ([line = null, given = null]) => argumentsOf(line, given, macros)),
    ],
  ]);
  const self = new Dictionary(scope.fields, "Namespace");
  for (const [word, object] of macros.objects) self.fields.set(word, object);
  return call(of, [], { self, frame: macros.frame, at: macros.at });
}

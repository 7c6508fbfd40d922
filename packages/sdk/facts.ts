import { runInThisContext } from "node:vm";
import {
  type Comparison,
  type Condition,
  type FactReference,
  type FactSource,
  HavnError,
  type HostFacts,
  isHostFactName,
} from "@havn/model";

export type { Condition, FactReference };

/** Bytes, as a person writes them. */
export type Size = `${number}${"B" | "kB" | "MB" | "GB" | "TB" | "KiB" | "MiB" | "GiB" | "TiB"}`;

interface Comparisons<T> {
  /** @example fact.os.id.equals("debian") */
  equals(value: T): Condition;
  /** @example fact.os.codename.oneOf("bookworm", "trixie") */
  oneOf(...values: T[]): Condition;
  /** @example fact.packages.nginx.exists() */
  exists(): Condition;
}

interface TextComparisons {
  /** A regular expression that must be found in it. Flags are not taken along. */
  matches(pattern: RegExp): Condition;
  /** @example fact.cpu.model.contains("EPYC") */
  contains(part: string): Condition;
  /** Compared as versions: "1.10" is newer than "1.9". */
  atLeast(version: string): Condition;
  /** Compared as versions. */
  atMost(version: string): Condition;
}

interface NumberComparisons {
  /** @example fact.memory.total.atLeast("4GB") */
  atLeast(value: number | Size): Condition;
  /** @example fact.cpu.count.atMost(2) */
  atMost(value: number | Size): Condition;
}

/**
 * A fact of the host that the resource it is used in lives on. A text or number stands for its value in texts and
 * templates; everything can be compared in `when`.
 */
export type Fact<T> = [T] extends [string]
  ? FactReference & Comparisons<T> & TextComparisons
  : [T] extends [number]
    ? FactReference & Comparisons<T> & NumberComparisons
    : [T] extends [boolean]
      ? FactReference & Comparisons<boolean>
      : [T] extends [readonly (infer E)[]]
        ? { contains(value: E): Condition; exists(): Condition }
        : { readonly [Name in keyof T]-?: Fact<T[Name]> } & { exists(): Condition };

/**
 * What hosts tell of themselves. A configuration is evaluated before any host is looked at, so a fact is no value here:
 * it becomes one on the host that the resource lives on.
 *
 * @example package("nginx", { host: web1, when: fact.memory.total.atLeast("1GB") })
 * @example file("/etc/motd", { host: web1, content: text`${fact.os.name} at ${fact.network.primaryAddress}\n` })
 */
export const fact: { readonly [Name in keyof HostFacts]: Fact<HostFacts[Name]> } = Object.freeze({
  os: factAt(["os"]) as Fact<HostFacts["os"]>,
  cpu: factAt(["cpu"]) as Fact<HostFacts["cpu"]>,
  memory: factAt(["memory"]) as Fact<HostFacts["memory"]>,
  disks: factAt(["disks"]) as Fact<HostFacts["disks"]>,
  network: factAt(["network"]) as Fact<HostFacts["network"]>,
  packages: factAt(["packages"]) as Fact<HostFacts["packages"]>,
  services: factAt(["services"]) as Fact<HostFacts["services"]>,
});

interface FactRun {
  /**
   * Run on the host as root, without a shell.
   * @example command: ["mdadm", "--detail", "--scan"]
   */
  command?: readonly string[];
  /**
   * Run on the host by /bin/sh as root, in place of `command`.
   * @example script: "cat /sys/block/md0/md/level"
   */
  script?: string;
  /**
   * For how long a value may be used again. Default: "1m".
   * @example keep: "1h"
   */
  keep?: string;
}

export interface DefineFactOptions<T> extends FactRun {
  /**
   * Makes a value of what was written to standard output: "text" (without white space around it), "number", "lines",
   * "json", or a function. A function is run on the host and must need nothing from outside itself. Default: "text".
   * @example parse: (output) => ({ level: output.trim(), degraded: output.includes("_") })
   */
  parse: "json" | ((output: string) => T);
}

/**
 * A fact of your own. The command must change nothing and end within 30 s; one that fails makes what uses the fact fail.
 *
 * @example
 * const raid = defineFact("raid", { command: ["cat", "/proc/mdstat"], parse: (text) => ({ degraded: text.includes("_") }) });
 * package("mdadm", { host: web1, when: raid.degraded.equals(true) });
 */
export function defineFact(name: string, options: FactRun & { parse?: "text" }): Fact<string>;
export function defineFact(name: string, options: FactRun & { parse: "number" }): Fact<number>;
export function defineFact(name: string, options: FactRun & { parse: "lines" }): Fact<string[]>;
export function defineFact<T>(name: string, options: DefineFactOptions<T>): Fact<T>;
export function defineFact(
  name: string,
  options: FactRun & { parse?: string | ((output: string) => unknown) },
): unknown {
  const { command, script, parse = "text", keep = "1m" } = options;
  if (!/^[a-z][a-zA-Z0-9_-]*$/.test(name) || isHostFactName(name))
    throw mistake(
      `"${name}" cannot be the name of a fact`,
      isHostFactName(name)
        ? `Every host has a fact of that name: use fact.${name}, or choose another name.`
        : "Use letters, digits, hyphens and underscores, beginning with a small letter.",
    );
  if ((command === undefined) === (script === undefined))
    throw mistake(`Fact "${name}" needs a command or a script`, "Give one of them.");
  const from: FactSource = {
    ...(command && { command: [...command] }),
    ...(script !== undefined && { script }),
    parse: typeof parse === "function" ? textOf(name, parse) : parse,
    keep,
  };
  return factAt([name], from);
}

/** Holds where all of them do. */
export const all = (...conditions: Condition[]): Condition => ({ all: conditions });

/** Holds where at least one of them does. */
export const any = (...conditions: Condition[]): Condition => ({ any: conditions });

/** Holds where the condition does not. */
export const not = (condition: Condition): Condition => ({ not: condition });

const byName: Record<string, Comparison> = {
  equals: "equals",
  oneOf: "one of",
  exists: "exists",
  matches: "matches",
  contains: "contains",
  atLeast: "at least",
  atMost: "at most",
};

/** A reference with a further one behind each name that is no comparison. */
function factAt(path: readonly string[], from?: FactSource): unknown {
  const reference: FactReference = { $fact: path, ...(from && { from }) };
  return new Proxy(reference, {
    get(target, name) {
      // What is asked of every object when it is shown or written as JSON is no fact.
      if (typeof name === "symbol" || name in target || name === "toJSON" || name === "then")
        return Reflect.get(target, name);
      const is = Object.hasOwn(byName, name) ? byName[name] : undefined;
      return is ? (...values: unknown[]) => comparison(reference, is, values) : factAt([...path, name], from);
    },
  });
}

function comparison(fact: FactReference, is: Comparison, values: readonly unknown[]): Condition {
  if (is === "exists") return { fact, is };
  if (is === "one of") return { fact, is, value: values };
  const [value] = values;
  return { fact, is, value: value instanceof RegExp ? value.source : value };
}

/** The function as it reaches the host: types are gone already, a method is made a function. */
function textOf(name: string, parse: (output: string) => unknown): string {
  const written = parse.toString();
  for (const text of [written, `function ${written}`])
    try {
      runInThisContext(`(${text})`);
      return text;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  throw mistake(
    `The parse function of fact "${name}" cannot be sent to a host`,
    "Write it as (output) => ….",
  );
}

const mistake = (summary: string, detail: string) => new HavnError(summary, { detail, status: 400 });

import { createContext, Script } from "node:vm";
import {
  type Clock,
  type FactReference,
  type FactSource,
  type GatheredFact,
  HavnError,
  isHostFactName,
  parseDuration,
} from "@havn/model";
import { gatherers, type Run } from "./gather.ts";

/** What a host tells of itself: gathered when it is first asked for, and kept for as long as each fact says. */
export interface Facts {
  /** Never throws for a fact that cannot be found out: it has `error`. */
  gather(name: string, from?: FactSource): Promise<GatheredFact>;
  /** Something was changed here: what is known may no longer be so. */
  changed(): void;
}

const longestCommand = 30_000;
/** A function that a configuration brings only reads a text. */
const longestParse = 1_000;

export function createFacts({ clock, run }: { clock: Clock; run: Run }): Facts {
  const known = new Map<string, { until: number; gathering: Promise<GatheredFact> }>();

  async function find(name: string, from: FactSource | undefined): Promise<GatheredFact> {
    const at = clock.now();
    try {
      const value = from ? await findDefined(name, from, run) : await findOwn(name, run);
      return { name, value, at };
    } catch (error) {
      const why = error instanceof HavnError ? `${error.message}. ${error.detail}`.trim() : String(error);
      return { name, error: why, at };
    }
  }

  return {
    gather(name, from) {
      // Two configurations may define a fact of one name differently.
      const key = from ? `${name} ${JSON.stringify(from)}` : name;
      const before = known.get(key);
      if (before && before.until > clock.now()) return before.gathering;
      const gathering = find(name, from);
      known.set(key, { until: clock.now() + keepMs(name, from), gathering });
      return gathering;
    },
    changed: () => known.clear(),
  };
}

function keepMs(name: string, from: FactSource | undefined): number {
  if (from) return parseDuration(from.keep);
  return isHostFactName(name) ? gatherers[name].keepMs : 0;
}

function findOwn(name: string, run: Run): Promise<unknown> {
  if (isHostFactName(name)) return gatherers[name].gather(run);
  throw new HavnError(`There is no fact "${name}"`, {
    detail: `There are ${Object.keys(gatherers).join(", ")}, and those that configurations define.`,
  });
}

async function findDefined(name: string, from: FactSource, run: Run): Promise<unknown> {
  const { command = ["/bin/sh"], script = "" } = from;
  const { code, stdout, stderr } = await run(command, { stdin: script, timeoutMs: longestCommand });
  if (code !== 0)
    throw new HavnError(`Fact "${name}" cannot be found out`, {
      detail: `Its command ended with ${code}${stderr.trim() && `: ${stderr.trim().split("\n").at(-1)}`}`,
    });
  return parse(name, from.parse, stdout);
}

function parse(name: string, how: string, output: string): unknown {
  const text = output.trim();
  switch (how) {
    case "text":
      return text;
    case "lines":
      return text === "" ? [] : text.split("\n");
    case "number": {
      const number = Number(text);
      if (text === "" || Number.isNaN(number)) throw notSo(name, `"${text.slice(0, 80)}" is no number`);
      return number;
    }
    case "json":
      try {
        return JSON.parse(text);
      } catch {
        throw notSo(name, "what its command wrote is no JSON");
      }
    default:
      return runParse(name, how, output);
  }
}

/**
 * A function that the configuration brought. Whoever writes configurations rules the host anyway: it has a time limit
 * and a world of its own against mistakes, not against attacks.
 */
function runParse(name: string, written: string, output: string): unknown {
  try {
    const context = createContext({ output });
    const call = new Script(`JSON.stringify((${written})(output))`);
    const json: unknown = call.runInContext(context, { timeout: longestParse });
    return typeof json === "string" ? JSON.parse(json) : undefined;
  } catch (error) {
    throw notSo(
      name,
      `its parse function failed: ${(error as Error).message}. It may use nothing from outside itself`,
    );
  }
}

const notSo = (name: string, why: string) =>
  new HavnError(`Fact "${name}" cannot be found out`, { detail: why });

/** What a reference leads to inside a fact's value; undefined where there is no such thing. */
export function valueAt(value: unknown, { $fact }: FactReference): unknown {
  return $fact
    .slice(1)
    .reduce<unknown>(
      (at, name) =>
        typeof at === "object" && at !== null && Object.hasOwn(at, name)
          ? (at as Record<string, unknown>)[name]
          : undefined,
      value,
    );
}

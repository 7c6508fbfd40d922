import { batchSizeSchema, type ResourceGraph, type Rollout } from "@havn/model";
import type { OptionDefinitions, OptionValues } from "../kit/command.ts";
import { UsageError } from "../kit/exit.ts";

/** Options of commands that change a part of an environment: which. */
export const scopeOptions = {
  host: {
    type: "list",
    value: "HOSTS",
    description: "only these: names, patterns, labels (web-1, web-*, role=web); may be repeated",
  },
  target: {
    type: "list",
    value: "WHAT",
    description: "only this: an address, a type, or a pattern with *; may be repeated",
  },
  exclude: { type: "list", value: "WHAT", description: "not this; written as --target" },
} as const satisfies OptionDefinitions;

/** Options of commands that plan a configuration: which part of it, and in which batches. */
export const partOptions = {
  ...scopeOptions,
  serial: {
    type: "string",
    value: "SIZES",
    description: "hosts in batches, one after the other: 2, 25%, or 1,10%,50%",
  },
  "max-failures": {
    type: "string",
    value: "N",
    description: "hosts that may fail before the rest is not begun: 2, or 10% (0 where unset)",
  },
  resume: {
    type: "boolean",
    description: "go on with the last apply, which failed: what it did is not done again",
  },
} as const satisfies OptionDefinitions;
type PartOptions = OptionValues<typeof partOptions>;

export interface ScopePart {
  hosts?: readonly string[];
  targets?: readonly string[];
  exclude?: readonly string[];
}

export interface PlanPart extends ScopePart {
  graph: ResourceGraph;
  resume?: boolean;
}

/** What is asked of the server; nothing where no part is named. */
export const scopePart = ({ host, target, exclude }: OptionValues<typeof scopeOptions>): ScopePart => ({
  ...(host.length > 0 && { hosts: host }),
  ...(target.length > 0 && { targets: target }),
  ...(exclude.length > 0 && { exclude }),
});

/** What is asked of the server. Throws a UsageError for sizes that are none. */
export function planPart(graph: ResourceGraph, options: PartOptions): PlanPart {
  return {
    graph: withBatches(graph, options),
    ...scopePart(options),
    ...(options.resume && { resume: true }),
  };
}

/** Sizes and budget of all rollouts as they were typed; gates stay as they are declared. */
function withBatches(graph: ResourceGraph, options: PartOptions): ResourceGraph {
  const { serial, "max-failures": failures } = options;
  if (serial === undefined && failures === undefined) return graph;
  const declared = graph.rollouts ?? [];
  if (serial === undefined && declared.length === 0)
    throw new UsageError("--max-failures needs batches", "Give --serial too, or declare a rollout.");
  const sizes = serial === undefined ? undefined : parseSizes(serial);
  const budget = failures === undefined ? undefined : parseBudget(failures);
  const change = (rollout: Rollout): Rollout => {
    const { maxFailures, maxFailurePercentage, ...rest } = rollout;
    return {
      ...rest,
      ...(sizes && { serial: sizes }),
      ...(budget ?? {
        ...(maxFailures !== undefined && { maxFailures }),
        ...(maxFailurePercentage !== undefined && { maxFailurePercentage }),
      }),
    };
  };
  const rollouts = declared.length > 0 ? declared : [{ serial: sizes ?? [] }];
  return { ...graph, rollouts: rollouts.map(change) };
}

function parseSizes(text: string): Rollout["serial"] {
  return text.split(",").map((word) => {
    const parsed = batchSizeSchema.safeParse(/^\d+$/.test(word.trim()) ? Number(word) : word.trim());
    if (parsed.success) return parsed.data;
    throw new UsageError(`--serial cannot be "${text}"`, "Write for example 2, 25%, or 1,10%,50%.");
  });
}

function parseBudget(text: string): Pick<Rollout, "maxFailures" | "maxFailurePercentage"> {
  const found = /^(\d+)(%?)$/.exec(text);
  const number = Number(found?.[1]);
  if (!found || (found[2] === "%" && number > 100))
    throw new UsageError(`--max-failures cannot be "${text}"`, "Write for example 2, or 10%.");
  return found[2] === "%" ? { maxFailurePercentage: number } : { maxFailures: number };
}

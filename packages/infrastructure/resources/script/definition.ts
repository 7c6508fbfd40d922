import { parseDuration } from "@havn/model";
import { z } from "zod";
import {
  type ExecutionProperties,
  executionShape,
  type Guards,
  type GuardsObserved,
  guardShape,
  planRun,
  triggersOf,
  undoOf,
  undoShape,
  unguarded,
} from "../running.ts";
import { textProperty } from "../text.ts";
import { type ResourceDefinition, unchanged } from "../type.ts";

export const scriptSchema = z.strictObject({
  name: z.string().min(1).describe("what people call it"),
  content: textProperty.describe("the whole script"),
  interpreter: z
    .array(z.string())
    .min(1)
    .default(["/bin/sh", "-eu"])
    .describe("what runs it; the script's path is added"),
  ...executionShape,
  ...guardShape,
  ...undoShape,
});
export type ScriptProperties = Guards &
  ExecutionProperties & { name: string; content: string; interpreter: string[]; undo?: string[] | undefined };

const script: ResourceDefinition<ScriptProperties, GuardsObserved> = {
  type: "script",
  schema: scriptSchema,
  opaque: true,
  paths: ({ creates, removes }) => [creates, removes].filter((path) => path !== undefined),
  triggers: triggersOf,
  warnings: (properties) => unguarded(`Script "${properties.name}"`, properties),
  plan(observed, desired, wanted) {
    // What it did cannot be taken back.
    if (wanted === "absent") return unchanged;
    const { name, content, interpreter, user, cwd, env, timeout, exitCodes } = desired;
    return planRun(observed, desired, {
      shown: name,
      operation: {
        ...{ kind: "execute", command: interpreter, content, user, cwd, env, exitCodes },
        ...undoOf(desired),
        timeoutMs: parseDuration(timeout),
      },
    });
  },
};
export default script;

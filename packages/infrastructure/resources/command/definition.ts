import { findReferences, parseDuration } from "@havn/model";
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

export const commandSchema = z.strictObject({
  command: z
    .array(textProperty)
    .min(1)
    .describe("program and arguments; no shell reads them. Secrets belong into env or stdin"),
  stdin: textProperty.optional().describe("what it reads"),
  ...executionShape,
  ...guardShape,
  ...undoShape,
});
export type CommandProperties = Guards &
  ExecutionProperties & { command: string[]; stdin?: string | undefined; undo?: string[] | undefined };

const exposed = (what: string, words: readonly unknown[]) =>
  findReferences(words).some((reference) => "$secret" in reference)
    ? [
        {
          summary: `${what} has a secret among its arguments`,
          detail:
            "While it runs, that is visible to every user of the host in the list of processes. Hand it over by env or stdin.",
        },
      ]
    : [];

const command: ResourceDefinition<CommandProperties, GuardsObserved> = {
  type: "command",
  schema: commandSchema,
  opaque: true,
  paths: ({ creates, removes }) => [creates, removes].filter((path) => path !== undefined),
  triggers: triggersOf,
  warnings(properties) {
    const shown = `Command "${properties.command.filter((word) => typeof word === "string").join(" ")}"`;
    return [...unguarded(shown, properties), ...exposed(shown, properties.command)];
  },
  plan(observed, desired, wanted) {
    // What it did cannot be taken back.
    if (wanted === "absent") return unchanged;
    const { command, stdin, user, cwd, env, timeout, exitCodes } = desired;
    return planRun(observed, desired, {
      shown: command.join(" "),
      operation: {
        ...{ kind: "execute", command, stdin, user, cwd, env, exitCodes },
        ...undoOf(desired),
        timeoutMs: parseDuration(timeout),
      },
    });
  },
};
export default command;

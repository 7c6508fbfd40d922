import type { PropertyChange } from "@havn/model";
import { type HostPlan, type Operation, unchanged } from "./type.ts";

/** One aspect of a resource: what differs and what to do about it. */
export interface Part {
  changes: PropertyChange[];
  operations: Operation[];
}

export const nothing: Part = { changes: [], operations: [] };

export const run = (...command: string[]): Run => ({ kind: "run", command });

type Run = Operation & { kind: "run" };

/** The same with what takes it back. It is run where the statements were, even if they failed half-way. */
export const undoneBy = (operation: Run, ...statements: string[]): Operation => ({
  ...operation,
  undo: { command: operation.command, stdin: `${statements.join(";\n")};\n` },
});

/** The same, of what held more than the statements can bring back. */
export const partlyUndoneBy = (operation: Run, remains: string, ...statements: string[]): Operation => ({
  ...operation,
  undo: { command: operation.command, stdin: `${statements.join(";\n")};\n`, remains },
});

/** What holds data is not dropped in order to take its making back. */
export const notUndone = (operation: Run, why: string): Operation => ({
  ...operation,
  undo: { never: why },
});

/** A removal that knows where the package came from: taking it back must not fetch another one of the same name elsewhere. */
export const withSource = (operation: Run, from: string[]): Operation =>
  from.length > 0 ? { ...operation, from } : operation;

/** The parts as one plan; unchanged where none of them does anything. */
export function planOf(action: HostPlan["action"], ...parts: readonly Part[]): HostPlan {
  const operations = parts.flatMap((part) => part.operations);
  if (operations.length === 0) return unchanged;
  return { action, changes: parts.flatMap(({ changes }) => changes), operations };
}

/** A part for one property: nothing where `before` is `after`. Numbers and booleans as they are. */
export function part(property: string, before: unknown, after: unknown, ...operations: Operation[]): Part {
  if (before === after) return nothing;
  const change: PropertyChange = {
    property,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
  return { changes: [change], operations };
}

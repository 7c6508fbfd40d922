import { addressSchema, findDuration } from "@havn/model";
import { z } from "zod";
import { absolutePath, accountName, textProperty } from "./text.ts";
import type { Execution, HostReads, Operation, Trigger, Undo } from "./type.ts";
import { type HostPlan, unchanged } from "./type.ts";

/** Guards: when something that only runs has been done already, or is not to be done. */
export const guardShape = {
  creates: absolutePath.optional().describe("it is done where this path is there"),
  removes: absolutePath.optional().describe("it is done where this path is not there"),
  unless: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("it is done where this command, which must change nothing, succeeds"),
  onlyIf: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("it is to be done only where this command, which must change nothing, succeeds"),
  on: z.array(addressSchema).default([]).describe("it is to be done only after one of these has changed"),
} as const;

export interface Guards {
  creates?: string | undefined;
  removes?: string | undefined;
  unless?: string[] | undefined;
  onlyIf?: string[] | undefined;
  on: string[];
}

export const executionShape = {
  user: accountName.optional().describe("who runs it; the agent's user (root) when absent"),
  cwd: absolutePath.optional().describe("the folder that it runs in; / when absent"),
  env: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), textProperty)
    .default({})
    .describe("further variables"),
  timeout: z
    .string()
    .refine((text) => findDuration(text) !== undefined, { message: 'expected a duration such as "30s"' })
    .default("5m")
    .describe("after it the command and all that it started are killed"),
  exitCodes: z
    .array(z.number().int().min(0).max(255))
    .min(1)
    .default([0])
    .describe("which ones mean success"),
} as const;

/** Of what only runs: nobody can tell from outside what it did. */
export const undoShape = {
  undo: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("command that `havn revert` runs to take it back; it must do no harm where nothing was done"),
} as const;

export const undoOf = ({ undo }: { undo?: string[] | undefined }): { undo?: Undo } =>
  undo === undefined ? {} : { undo: { command: undo } };

/** Why it is done already, or not to be done; undefined where it is to be done. */
export interface GuardsObserved {
  stop?: string | undefined;
  pending: Trigger[];
}

export async function readGuards(
  address: string,
  guards: Guards,
  host: HostReads,
  as: { user?: string | undefined; cwd?: string | undefined } = {},
): Promise<GuardsObserved> {
  const pending = host.pending(address, triggersOf(guards));
  const stop = await whyNot(guards, host, as);
  return { pending, ...(stop !== undefined && { stop }) };
}

async function whyNot(
  { creates, removes, unless, onlyIf }: Guards,
  { files, run }: HostReads,
  as: { user?: string | undefined; cwd?: string | undefined },
): Promise<string | undefined> {
  if (creates !== undefined && (await files.stat(creates))) return `${creates} is there`;
  if (removes !== undefined && !(await files.stat(removes))) return `${removes} is not there`;
  const succeeds = async (command: string[]) => (await run(command, { ...as, timeoutMs: 60_000 })).code === 0;
  if (unless && (await succeeds(unless))) return `${unless.join(" ")} succeeds`;
  if (onlyIf && !(await succeeds(onlyIf))) return `${onlyIf.join(" ")} does not succeed`;
  return undefined;
}

export const triggersOf = ({ on = [] }: { on?: string[] }): Trigger[] =>
  on.map((one) => ({ on: one, does: "run" }));

export const isGuarded = ({ creates, removes, unless, onlyIf, on = [] }: Partial<Guards>): boolean =>
  [creates, removes, unless, onlyIf].some((guard) => guard !== undefined) || on.length > 0;

/** What only runs is an update of the host: there is nothing that it would be. */
export function planRun(
  observed: GuardsObserved,
  guards: Guards,
  { shown, operation }: { shown: string; operation: Operation },
): HostPlan {
  if (observed.stop !== undefined) return unchanged;
  if (guards.on.length > 0 && observed.pending.length === 0) return unchanged;
  const why = observed.pending.map(({ on }) => on).join(", ");
  return {
    action: "update",
    changes: [{ property: "runs", after: why ? `${shown} (${why} changed)` : shown }],
    operations: [guards.on.length > 0 ? ({ ...operation, settles: guards.on } as Operation) : operation],
    ...(!isGuarded(guards) && { everyTime: true }),
  };
}

export const unguarded = (what: string, properties: Partial<Guards>) =>
  isGuarded(properties)
    ? []
    : [
        {
          summary: `${what} runs with every apply`,
          detail:
            "Havn cannot tell whether it was done already. Give it a guard: creates, removes, unless, onlyIf, or on.",
        },
      ];

export const absoluteUrl = z.url({
  protocol: /^https?$/,
  message: 'expected a URL such as "https://example.org/file"',
});

/** Text with references in it is not known to be a URL before it reaches the host. */
export const urlProperty = z.union([absoluteUrl, textProperty.refine((text) => typeof text !== "string")]);

export type ExecutionProperties = Pick<Execution, "user" | "cwd"> & {
  env: Record<string, string>;
  timeout: string;
  exitCodes: number[];
};

import type { Action, Address, Certainty, PropertyChange, Resource } from "@havn/model";
import { HavnError } from "@havn/model";
import { isSecretPath, masked, maskedDiff, propertyChange } from "@havn/plan";
import { findDefinition } from "../definitions.ts";
import { readers } from "../hosts.gen.ts";
import {
  type FileView,
  type HostPlan,
  type HostReads,
  type ResourceDefinition,
  type ResourceReader,
  unchanged,
  type Wanted,
} from "../resources/type.ts";
import { createAccounts } from "./accounts.ts";
import { runCommand } from "./commands.ts";
import { openFiles } from "./files.ts";
import { type Secrets, secretPaths } from "./mask.ts";
import type { Memory } from "./memory.ts";
import { runProbe } from "./probe.ts";

export type { Secrets } from "./mask.ts";

export interface Entry {
  resource: Resource;
  wanted: Wanted;
  /** Why its condition leaves it as it is. */
  skipped?: string;
  /** Why it cannot be told what it shall be. */
  broken?: string;
}

/** Resources as they are declared and what is to go, in `order`; without it what goes comes last. */
export function entriesOf({
  resources,
  remove = [],
  order,
}: {
  resources: readonly Resource[];
  remove?: readonly Resource[] | undefined;
  order?: readonly Address[] | undefined;
}): Entry[] {
  const entries: Entry[] = [
    ...resources.map((resource) => ({ resource, wanted: "present" as const })),
    ...remove.map((resource) => ({ resource, wanted: "absent" as const })),
  ];
  if (!order) return entries;
  const place = new Map(order.map((address, index) => [address, index]));
  const placeOf = ({ resource }: Entry) => place.get(resource.address) ?? order.length;
  return entries.sort((a, b) => placeOf(a) - placeOf(b));
}

/** An entry compared with the host: what to do, or why that could not be found out. */
export type Compared = Entry & { before?: unknown; certainty?: Certainty; cloud?: Address } & (
    | { plan: HostPlan; error?: undefined }
    | { plan?: undefined; error: string }
  );

/** How many resources of a type are read at a time: each may hold a file open. */
const slice = 256;

export function openReads(memory: Memory): HostReads {
  const accounts = createAccounts();
  return {
    run: runCommand,
    probe: (probe) => runProbe(probe),
    ...accounts,
    ...memory,
    files: openFiles(accounts),
  };
}

/** The same host with other files: what a probe looks at is among them. */
export const withFiles = (host: HostReads, files: FileView): HostReads => ({
  ...host,
  files,
  probe: (probe) => runProbe(probe, files),
});

/** Compares all entries with the host, in the order given; each type is read once, all types at the same time. */
export async function compare(entries: readonly Entry[], host: HostReads): Promise<Compared[]> {
  const compared = new Map<Entry, Compared>();
  for (const entry of entries)
    if (entry.broken !== undefined) compared.set(entry, failed(entry, entry.broken));
    // What was found as declared and never changed since is not Havn's to remove: it stays as it is.
    else if (entry.skipped !== undefined || isUntouched(entry, host))
      compared.set(entry, { ...entry, plan: unchanged });
  const byType = Map.groupBy(
    entries.filter((entry) => !compared.has(entry)),
    ({ resource }) => resource.type,
  );
  await Promise.all(
    [...byType].map(async ([type, group]) => {
      for (let at = 0; at < group.length; at += slice) {
        const part = group.slice(at, at + slice);
        const results = await compareType(type, part, host);
        for (const [index, entry] of part.entries()) compared.set(entry, results[index] ?? failed(entry, ""));
      }
    }),
  );
  return entries.map((entry) => compared.get(entry) ?? failed(entry, "was not read"));
}

const isUntouched = ({ resource, wanted }: Entry, { wasChanged }: HostReads): boolean =>
  wanted === "absent" && !wasChanged(resource.address);

const failed = (entry: Entry, error: unknown): Compared => ({
  ...entry,
  error: typeof error === "string" ? error : describeError(error),
});

async function compareType(type: string, entries: readonly Entry[], host: HostReads): Promise<Compared[]> {
  const definition = findDefinition(type);
  const reader = findReader(type);
  if (!definition || !reader)
    return entries.map((entry) =>
      failed(entry, new HavnError(`This agent knows no type "${type}"`, { detail: "Update it." })),
    );
  try {
    const known = entries.map(({ resource }) => ({
      address: resource.address,
      properties: definition.schema.parse(resource.properties),
    }));
    const observed = await reader.read(known, host);
    return entries.map((entry, index) =>
      decide(entry, definition, observed[index], known[index]?.properties),
    );
  } catch (error) {
    const [only] = entries;
    if (entries.length === 1 && only) return [failed(only, error)];
    // One that cannot be read must not hide the others.
    return (await Promise.all(entries.map((entry) => compareType(type, [entry], host)))).flat();
  }
}

function decide(
  entry: Entry,
  definition: ResourceDefinition<unknown, unknown>,
  observed: unknown,
  properties: unknown,
): Compared {
  try {
    const plan = definition.plan(observed, properties, entry.wanted);
    return { ...entry, before: definition.before?.(observed), plan };
  } catch (error) {
    return failed(entry, error);
  }
}

function findReader(type: string): ResourceReader<unknown, unknown> | undefined {
  return Object.hasOwn(readers, type)
    ? (readers[type as keyof typeof readers] as ResourceReader<unknown, unknown>)
    : undefined;
}

/**
 * What a person may see of a plan. `hidden` are texts that no one may see, wherever they stand; `values` are the secrets
 * themselves, where they are known one by one.
 */
export function shown(
  compared: Compared,
  secrets: Secrets,
  { hidden, values = [] }: { hidden: readonly string[]; values?: readonly string[] | undefined },
): { action: Action; changes: PropertyChange[] } {
  if (!compared.plan) return { action: "no-op", changes: [] };
  const { address, type } = compared.resource;
  const paths = secretPaths(compared.resource, secrets);
  const whole = findDefinition(type)?.secrets ?? [];
  const changes = compared.plan.changes.map((change) => {
    if (!isSecretPath(change.property, paths)) return change;
    const partly = secrets[address]?.includes(change.property) && !isSecretPath(change.property, whole);
    const diff = partly && change.diff !== undefined ? maskedDiff(change.diff, values) : undefined;
    if (diff !== undefined) return { property: change.property, diff };
    return propertyChange(change.property, change.diff ?? change.before, change.diff ?? change.after, paths);
  });
  return { action: compared.plan.action, changes: masked(changes, hidden) };
}

/** Summary and detail in one text. Secrets in it are not masked yet. */
export const describeError = (error: unknown): string =>
  error instanceof HavnError
    ? `${error.message}. ${error.detail}`.trim()
    : error instanceof Error
      ? error.message
      : String(error);

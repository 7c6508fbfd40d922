import type { Action, Address, PropertyChange, Resource } from "@havn/model";
import { HavnError } from "@havn/model";
import { isSecretPath, propertyChange, secretMask } from "@havn/plan";
import { findDefinition } from "../definitions.ts";
import { readers } from "../hosts.gen.ts";
import type { HostPlan, HostReads, ResourceReader, Wanted } from "../resources/type.ts";
import { createAccounts } from "./accounts.ts";
import { runCommand } from "./commands.ts";
import type { Memory } from "./memory.ts";

export interface Entry {
  resource: Resource;
  wanted: Wanted;
}

/** An entry compared with the host: what to do, or why that could not be found out. */
export type Compared = Entry & { before?: unknown } & (
    | { plan: HostPlan; error?: undefined }
    | { plan?: undefined; error: string }
  );

/** Property paths per address whose values are secret. */
export type Secrets = Readonly<Record<Address, readonly string[]>>;

/** Compares all entries with the host, in the order given; each type is read once, all types at the same time. */
export async function compare(
  entries: readonly Entry[],
  memory: Memory,
  secrets: Secrets,
): Promise<Compared[]> {
  const byType = Map.groupBy(entries, ({ resource }) => resource.type);
  const compared = new Map<Entry, Compared>();
  const accounts = createAccounts();
  const host: HostReads = { run: runCommand, ...accounts, ...memory };
  await Promise.all(
    [...byType].map(async ([type, group]) => {
      for (const one of await compareType(type, group, { host, secrets }))
        compared.set(one.entry, one.result);
    }),
  );
  return entries.map((entry) => compared.get(entry) ?? { ...entry, error: "was not read" });
}

async function compareType(
  type: string,
  entries: readonly Entry[],
  { host, secrets }: { host: HostReads; secrets: Secrets },
): Promise<{ entry: Entry; result: Compared }[]> {
  const fail = (entry: Entry, error: unknown) => ({
    entry,
    result: { ...entry, error: describeError(error, entry.resource, secrets) },
  });
  const definition = findDefinition(type);
  const reader = findReader(type);
  if (!definition || !reader)
    return entries.map((entry) =>
      fail(entry, new HavnError(`This agent knows no type "${type}"`, { detail: "Update it." })),
    );
  try {
    const known = entries.map((entry) => ({
      entry,
      properties: definition.schema.parse(entry.resource.properties),
    }));
    const observed = await reader.read(
      known.map(({ entry, properties }) => ({ address: entry.resource.address, properties })),
      host,
    );
    return known.map(({ entry, properties }, index) => {
      try {
        return {
          entry,
          result: {
            ...entry,
            before: definition.before?.(observed[index]),
            plan: definition.plan(observed[index], properties, entry.wanted),
          },
        };
      } catch (error) {
        return fail(entry, error);
      }
    });
  } catch (error) {
    return entries.map((entry) => fail(entry, error));
  }
}

function findReader(type: string): ResourceReader<unknown, unknown> | undefined {
  return Object.hasOwn(readers, type)
    ? (readers[type as keyof typeof readers] as ResourceReader<unknown, unknown>)
    : undefined;
}

/** What a person may see of a plan. */
export function shown(compared: Compared, secrets: Secrets): { action: Action; changes: PropertyChange[] } {
  if (!compared.plan) return { action: "no-op", changes: [] };
  const paths = secretPaths(compared.resource, secrets);
  const changes = compared.plan.changes.map((change) =>
    isSecretPath(change.property, paths)
      ? propertyChange(change.property, change.diff ?? change.before, change.diff ?? change.after, paths)
      : change,
  );
  return { action: compared.plan.action, changes };
}

const secretPaths = ({ address, type }: Resource, secrets: Secrets): string[] => [
  ...(secrets[address] ?? []),
  ...(findDefinition(type)?.secrets ?? []),
];

/** Summary and detail in one text, with every secret value of the resource masked. */
export function describeError(error: unknown, resource: Resource, secrets: Secrets): string {
  const text =
    error instanceof HavnError
      ? `${error.message}. ${error.detail}`.trim()
      : error instanceof Error
        ? error.message
        : String(error);
  return secretPaths(resource, secrets)
    .map((path) => valueAt(resource.properties, path))
    .filter((value): value is string => typeof value === "string" && value.length >= 4)
    .reduce((masked, value) => masked.replaceAll(value, secretMask), text);
}

const valueAt = (properties: Resource["properties"], path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      properties,
    );

import {
  decideCondition,
  type FactReference,
  factsIn,
  findReferences,
  HavnError,
  resolveReferences,
} from "@havn/model";
import type { HostReads } from "../../resources/type.ts";
import { describeError, type Entry } from "../read.ts";
import { type Facts, valueAt } from "./facts.ts";

/**
 * Entries as they are for this host: conditions decided, facts in place of references to them. All of them see the
 * host as it is now, before anything of them is done: so a plan and its apply decide alike. Facts that nobody uses are
 * not gathered.
 */
export async function prepare(
  entries: readonly Entry[],
  facts: Facts,
  host: Pick<HostReads, "isOurs" | "before">,
): Promise<Entry[]> {
  const needed = entries.map(({ resource }) => [
    ...(resource.when ? factsIn(resource.when) : []),
    ...findReferences(resource.properties).filter((reference) => "$fact" in reference),
  ]);
  const lookUp = await gatherAll(needed.flat(), facts);
  return entries.map((entry, index) =>
    needed[index]?.length === 0 ? entry : prepareOne(entry, lookUp, host),
  );
}

type LookUp = (reference: FactReference) => unknown;

/** Throws for a fact that could not be found out. */
async function gatherAll(references: readonly FactReference[], facts: Facts): Promise<LookUp> {
  const keyOf = ({ $fact: [name = ""], from }: FactReference) =>
    from ? `${name} ${JSON.stringify(from)}` : name;
  const wanted = new Map(references.map((reference) => [keyOf(reference), reference]));
  const gathered = new Map(
    await Promise.all(
      [...wanted].map(
        async ([key, { $fact, from }]) => [key, await facts.gather($fact[0] ?? "", from)] as const,
      ),
    ),
  );
  return (reference) => {
    const found = gathered.get(keyOf(reference));
    if (found?.error !== undefined) throw new HavnError(found.error);
    return valueAt(found?.value, reference);
  };
}

function prepareOne(entry: Entry, lookUp: LookUp, host: Pick<HostReads, "isOurs" | "before">): Entry {
  const { resource, wanted } = entry;
  try {
    const decided = resource.when && decideCondition(resource.when, lookUp);
    if (decided && !decided.holds && !isToBeRemoved(entry, host)) return { ...entry, skipped: decided.why };
    const properties = resolveReferences(resource.properties, {
      host: (name) => `(address of ${name})`,
      secret: (name) => `(secret ${name})`,
      fact: (reference) => textOf(reference, lookUp(reference)),
    });
    return { wanted, resource: { ...resource, properties } };
  } catch (error) {
    return { ...entry, broken: describeError(error) };
  }
}

/** What Havn made or changed here while its condition held goes like everything else that is no longer declared. */
const isToBeRemoved = (
  { resource: { address }, wanted }: Entry,
  host: Pick<HostReads, "isOurs" | "before">,
) => wanted === "absent" && (host.isOurs(address) || host.before(address) !== undefined);

function textOf(reference: FactReference, value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw new HavnError(
    `The fact ${reference.$fact.join(".")} is ${value === undefined ? "not there" : "no text"}`,
    {
      detail: "Choose another one, or declare this where it is there: when: … .exists().",
    },
  );
}

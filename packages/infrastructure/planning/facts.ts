import {
  type FactSource,
  factsIn,
  findReferences,
  formatAddress,
  type GatheredFact,
  type Resource,
} from "@havn/model";
import type { InfrastructureOptions } from "../interfaces.ts";
import * as store from "../store.ts";

/** What is shown when nobody says what of: packages and services are many. */
const shown = ["os", "cpu", "memory", "disks", "network"];

/**
 * Facts of a host, as it tells them now. A name may lead inside one ("os.codename"); those that the environment's
 * configuration defines for the host are there too. Throws where the host is not connected.
 */
export async function readFacts(
  {
    environment,
    host,
    names = [],
  }: { environment: string; host: string; names?: readonly string[] | undefined },
  { sql, hosts }: Pick<InfrastructureOptions, "sql" | "hosts">,
): Promise<GatheredFact[]> {
  const { resources } = await store.readRecorded(sql, environment);
  const defined = definedFacts(resources.filter((resource) => resource.host === host));
  const wanted = names.length > 0 ? names : [...shown, ...Object.keys(defined)];
  const whole = [...new Set(wanted.map((name) => name.split(".")[0] ?? ""))];
  const address = formatAddress({ environment, type: "host", name: host });
  const { facts } = await hosts.call(address, "facts.gather", { names: whole, defined });
  const byName = new Map(facts.map((fact) => [fact.name, fact]));
  return wanted.flatMap((name) => {
    const fact = byName.get(name.split(".")[0] ?? "");
    if (!fact) return [];
    return { ...fact, name, value: valueIn(fact.value, name.split(".").slice(1)) };
  });
}

/** Names of packages and services may hold dots: of what fits, the longest is taken. */
function valueIn(value: unknown, way: readonly string[]): unknown {
  if (way.length === 0) return value;
  if (typeof value !== "object" || value === null) return undefined;
  for (let taken = way.length; taken > 0; taken--) {
    const name = way.slice(0, taken).join(".");
    if (Object.hasOwn(value, name))
      return valueIn((value as Record<string, unknown>)[name], way.slice(taken));
  }
  return undefined;
}

function definedFacts(resources: readonly Resource[]): Record<string, FactSource> {
  const used = resources.flatMap(({ when, properties }) => [
    ...(when ? factsIn(when) : []),
    ...findReferences(properties).filter((reference) => "$fact" in reference),
  ]);
  return Object.fromEntries(used.flatMap(({ $fact: [fact = ""], from }) => (from ? [[fact, from]] : [])));
}

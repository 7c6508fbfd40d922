import type { Certainty } from "@havn/model";
import { findDefinition } from "../definitions.ts";
import type { HostReads } from "../resources/type.ts";
import { createClouds, isOpaque } from "./clouds.ts";
import { createOverlay } from "./overlay.ts";
import { type Compared, compare, type Entry, withFiles } from "./read.ts";

/**
 * Compares entries with the host as each of them will find it: what earlier ones would do to files is simulated, so that
 * the plan of a later one is what an apply would do. `certainty` tells which is which:
 * - exact: nothing before it changes what it reads;
 * - simulated: something before it does, and what it does was worked out;
 * - unknowable: something that runs first, and whose effects only running shows (a package, a command), may change it.
 * Only what is touched by a change is compared twice: a host that is as it shall be is read once.
 */
export async function simulate(entries: readonly Entry[], host: HostReads): Promise<Compared[]> {
  const overlay = createOverlay(host.files);
  const later = withFiles(host, overlay.files);
  const clouds = createClouds();
  const results: Compared[] = [];
  for (const first of await compare(entries, host)) {
    const { resource } = first;
    if (first.skipped !== undefined || first.broken !== undefined) {
      results.push({ ...first, certainty: "exact" });
      continue;
    }
    const touched = overlay.touches(sightOf(first));
    const entry: Entry = { resource, wanted: first.wanted };
    const [again = first] = touched ? await compare([entry], later) : [first];
    const cloud = clouds.over(resource, sightOf(first));
    const certainty: Certainty = cloud !== undefined ? "unknowable" : touched ? "simulated" : "exact";
    results.push({ ...again, certainty, ...(cloud !== undefined && { cloud }) });
    const acts = (again.plan?.operations.length ?? 0) > 0 && isOpaque(resource);
    if (acts || cloud !== undefined) clouds.add(resource, acts);
    for (const operation of again.plan?.operations ?? []) await overlay.simulate(operation);
  }
  return results;
}

export const pathsOf = ({ resource }: Entry): string[] =>
  findDefinition(resource.type)?.paths?.(resource.properties) ?? [];

/** Files that its comparison looks at. Whoever has paths has owners: accounts that are made or go change their names. */
function sightOf(entry: Entry): string[] {
  const { type, properties } = entry.resource;
  const paths = pathsOf(entry);
  return [
    ...paths,
    ...(findDefinition(type)?.shares?.(properties) ?? []),
    ...(paths.length > 0 ? ["/etc/passwd", "/etc/group"] : []),
  ];
}

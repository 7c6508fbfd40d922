import type { PlannedChange, Resource } from "@havn/model";
import { type Node, orderNodes } from "./order.ts";
import { type ClaimsOf, sequenceChanges } from "./sequence.ts";

/** A node of an apply. `host` is set when an agent applies it; a settled node has nothing to do and holds no one up. */
export interface WaveNode extends Node {
  host?: string | undefined;
  settled?: boolean;
}

/** The nodes of an apply that makes `desired` of `prior`: what is not planned, or is as it shall be, is settled. */
export function nodesOf(
  changes: readonly Pick<PlannedChange, "address" | "action" | "host">[],
  desired: readonly Resource[],
  { prior, claimsOf }: { prior: readonly Resource[]; claimsOf?: ClaimsOf },
): WaveNode[] {
  const byAddress = new Map(changes.map((change) => [change.address, change]));
  return sequenceChanges(desired, prior, claimsOf).map((node) => {
    const change = byAddress.get(node.key);
    return { ...node, host: change?.host, settled: !change || change.action === "no-op" };
  });
}

/** What can go at the same time: one bundle a host, its keys in order of application, and what the control plane does. */
export interface Wave {
  bundles: { host: string; keys: string[] }[];
  others: string[];
}

/**
 * Waves, each as large as can be: a node goes with the first wave at whose start everything that it comes after is
 * done, or stands before it in the same host's bundle of the same wave. Settled nodes appear in none. O(n log n).
 * The nodes must hold no cycle.
 */
export function planWaves(nodes: readonly WaveNode[]): Wave[] {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const waveOf = new Map<string, number>();
  const waves: Placing[] = [];
  for (const key of orderNodes(nodes).order) {
    const node = byKey.get(key);
    if (!node) continue;
    let wave = 0;
    for (const before of node.after) {
      const earlier = byKey.get(before);
      if (!earlier) continue;
      const together =
        earlier.settled || (earlier.host !== undefined && earlier.host === node.host && !node.settled);
      wave = Math.max(wave, (waveOf.get(before) ?? 0) + (together ? 0 : 1));
    }
    waveOf.set(key, wave);
    if (!node.settled) place(waves, wave, node);
  }
  return waves.filter(Boolean).map(({ bundles, others }) => ({ bundles, others }));
}

type Placing = Wave & { ofHost: Map<string, string[]> };

function place(waves: Placing[], index: number, node: WaveNode): void {
  const wave: Placing = waves[index] ?? { bundles: [], others: [], ofHost: new Map() };
  waves[index] = wave;
  if (node.host === undefined) {
    wave.others.push(node.key);
    return;
  }
  const keys = wave.ofHost.get(node.host);
  if (keys) {
    keys.push(node.key);
    return;
  }
  const bundle = { host: node.host, keys: [node.key] };
  wave.bundles.push(bundle);
  wave.ofHost.set(node.host, bundle.keys);
}

/** Everything that comes after `keys`, directly or not; `keys` themselves are left out. */
export function findDependants(nodes: readonly Node[], keys: Iterable<string>): Set<string> {
  const followers = new Map<string, string[]>();
  for (const node of nodes)
    for (const before of node.after) {
      const list = followers.get(before);
      if (list) list.push(node.key);
      else followers.set(before, [node.key]);
    }
  const found = new Set<string>();
  const queue = [...keys];
  for (let key = queue.pop(); key !== undefined; key = queue.pop())
    for (const follower of followers.get(key) ?? [])
      if (!found.has(follower)) {
        found.add(follower);
        queue.push(follower);
      }
  for (const key of keys) found.delete(key);
  return found;
}

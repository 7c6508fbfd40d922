import type { Node } from "./order.ts";
import { orderNodes } from "./order.ts";

/** A node of an apply. `host` is set when an agent applies it; a settled node has nothing to do and holds no one up. */
export interface WaveNode extends Node {
  host?: string | undefined;
  settled?: boolean;
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
  const waves: Wave[] = [];
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
  return waves.filter(Boolean);
}

function place(waves: Wave[], index: number, node: WaveNode): void {
  const wave = waves[index] ?? { bundles: [], others: [] };
  waves[index] = wave;
  if (node.host === undefined) {
    wave.others.push(node.key);
    return;
  }
  const bundle = wave.bundles.find(({ host }) => host === node.host);
  if (bundle) bundle.keys.push(node.key);
  else wave.bundles.push({ host: node.host, keys: [node.key] });
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

import { type BatchSize, parseAddress, type Rollout } from "@havn/model";
import { orderNodes } from "./order.ts";
import type { WaveNode } from "./waves.ts";

/** Hosts that go at the same time. */
export interface Batch {
  /** Index of the rollout among those given. */
  rollout: number;
  hosts: string[];
}

/** What goes before the next stage begins: nodes, and the batches whose hosts they are on. */
export interface Stage {
  batches: Batch[];
  nodes: WaveNode[];
}

/**
 * The stages that an apply goes in. Each rollout's hosts that change are parted into batches; the first batches of all
 * rollouts go with stage 0, the second ones with stage 1, and so on. What needs something of a later stage goes with that
 * stage, so a batch order never stands against the order of the graph. What is in no rollout goes as early as it can.
 * Without rollouts there is one stage. The nodes, whose keys are addresses, must hold no cycle.
 */
export function planStages(nodes: readonly WaveNode[], rollouts: readonly Rollout[]): Stage[] {
  const batches = planBatches(listChanging(nodes), rollouts);
  const stages: Stage[] = Array.from(
    { length: Math.max(1, ...batches.map((list) => list.length)) },
    (_, index) => ({
      batches: batches.flatMap((list) => list[index] ?? []),
      nodes: [],
    }),
  );
  const stageOfHost = new Map(
    stages.flatMap((stage, index) =>
      stage.batches.flatMap(({ hosts }) => hosts.map((host) => [host, index] as const)),
    ),
  );
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const stageOf = new Map<string, number>();
  for (const key of orderNodes(nodes).order) {
    const node = byKey.get(key);
    if (!node) continue;
    const own = node.host === undefined || node.settled ? 0 : (stageOfHost.get(node.host) ?? 0);
    const stage = node.after.reduce((latest, before) => Math.max(latest, stageOf.get(before) ?? 0), own);
    stageOf.set(key, stage);
    stages[stage]?.nodes.push(node);
  }
  return stages;
}

/** Hosts with something to do, in the order in which they are declared. */
function listChanging(nodes: readonly WaveNode[]): string[] {
  const changing = new Set(
    nodes.flatMap(({ host, settled }) => (host === undefined || settled ? [] : [host])),
  );
  const declared = nodes.flatMap(({ key }) => {
    const { type, name } = parseAddress(key);
    return type === "host" && changing.has(name) ? [name] : [];
  });
  return [...new Set([...declared, ...changing])];
}

/** For each rollout its batches, in the order of `hosts`. A host belongs to the first rollout that names it. */
function planBatches(hosts: readonly string[], rollouts: readonly Rollout[]): Batch[][] {
  const named = new Set(rollouts.flatMap((rollout) => rollout.hosts ?? []));
  const taken = new Set<string>();
  return rollouts.map((rollout, index) => {
    const own = hosts.filter(
      (host) => !taken.has(host) && (rollout.hosts ? rollout.hosts.includes(host) : !named.has(host)),
    );
    for (const host of own) taken.add(host);
    return partHosts(own, rollout.serial).map((part) => ({ rollout: index, hosts: part }));
  });
}

function partHosts(hosts: readonly string[], serial: readonly BatchSize[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < hosts.length; ) {
    const size = sizeOf(serial[Math.min(parts.length, serial.length - 1)] ?? hosts.length, hosts.length);
    parts.push(hosts.slice(at, at + size));
    at += size;
  }
  return parts;
}

/** A percentage is rounded down, but at least one host. */
const sizeOf = (size: BatchSize, total: number): number =>
  typeof size === "number" ? size : Math.max(1, Math.floor((total * Number.parseFloat(size)) / 100));

/** Whether so many failed hosts of a rollout stop the rest of it. Without a budget the first one does. */
export function isOverBudget(
  { maxFailures, maxFailurePercentage }: Pick<Rollout, "maxFailures" | "maxFailurePercentage">,
  { failed, hosts }: { failed: number; hosts: number },
): boolean {
  if (maxFailures === undefined && maxFailurePercentage === undefined) return failed > 0;
  return (
    (maxFailures !== undefined && failed > maxFailures) ||
    (maxFailurePercentage !== undefined && failed * 100 > maxFailurePercentage * hosts)
  );
}

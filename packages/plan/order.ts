/** One thing to put in order. `after` holds keys of things that must come before it; keys not among the nodes are ignored. */
export interface Node {
  key: string;
  after: readonly string[];
}

/**
 * Every key once, each after all that it must come after; of those that are ready the one given first goes first, so
 * equal input gives equal output. Where a cycle stands in the way, `cycle` holds it (see findCycle) and `order` is cut short.
 * O(n log n) in nodes and edges.
 */
export function orderNodes(nodes: readonly Node[]): { order: string[]; cycle?: string[] } {
  const indexOf = new Map(nodes.map((node, index) => [node.key, index]));
  const waiting = new Array<number>(nodes.length).fill(0);
  const followers: number[][] = nodes.map(() => []);
  nodes.forEach((node, index) => {
    for (const key of new Set(node.after)) {
      const before = indexOf.get(key);
      if (before === undefined) continue;
      followers[before]?.push(index);
      waiting[index] = (waiting[index] ?? 0) + 1;
    }
  });
  const ready = createHeap();
  waiting.forEach((count, index) => {
    if (count === 0) ready.push(index);
  });
  const order: string[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    order.push(nodes[index]?.key ?? "");
    for (const follower of followers[index] ?? []) {
      const left = (waiting[follower] ?? 0) - 1;
      waiting[follower] = left;
      if (left === 0) ready.push(follower);
    }
  }
  if (order.length === nodes.length) return { order };
  const done = new Set(order);
  return { order, cycle: findCycle(nodes.filter((node) => !done.has(node.key))) ?? [] };
}

/**
 * A shortest walk that ends where it began: `["a", "b", "a"]` means a comes after b and b after a. Undefined where
 * there is none. Starts at the first node of a cycle, in the order given.
 */
export function findCycle(nodes: readonly Node[]): string[] | undefined {
  const after = new Map(nodes.map((node) => [node.key, node.after]));
  const cleared = new Set<string>();
  for (const { key: start } of nodes) {
    const cameFrom = new Map<string, string>();
    const queue = [start];
    for (let head = 0; head < queue.length; head++) {
      const here = queue[head] ?? "";
      for (const next of after.get(here) ?? []) {
        if (next === start) return walkBack(start, here, cameFrom);
        if (cameFrom.has(next) || cleared.has(next) || !after.has(next)) continue;
        cameFrom.set(next, here);
        queue.push(next);
      }
    }
    cleared.add(start);
  }
  return undefined;
}

function walkBack(start: string, last: string, cameFrom: Map<string, string>): string[] {
  const walk = [start];
  for (let here = last; here !== start; here = cameFrom.get(here) ?? start) walk.unshift(here);
  walk.unshift(start);
  return walk;
}

/** A binary heap of numbers, smallest first. */
function createHeap() {
  const heap: number[] = [];
  const at = (index: number) => heap[index] ?? Number.POSITIVE_INFINITY;
  const swap = (a: number, b: number) => {
    const kept = at(a);
    heap[a] = at(b);
    heap[b] = kept;
  };
  return {
    push(value: number) {
      heap.push(value);
      for (let child = heap.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (at(parent) <= at(child)) break;
        swap(parent, child);
        child = parent;
      }
    },
    pop(): number | undefined {
      const smallest = heap[0];
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return smallest;
      heap[0] = last;
      for (let parent = 0; ; ) {
        const left = 2 * parent + 1;
        const child = at(left + 1) < at(left) ? left + 1 : left;
        if (at(parent) <= at(child)) return smallest;
        swap(parent, child);
        parent = child;
      }
    },
  };
}

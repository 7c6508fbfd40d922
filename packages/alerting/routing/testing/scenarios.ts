import type { RouteProperties } from "@havn/model";

/**
 * A route tree and what happens to its alerts, made from a seed. Things happen at whole ticks; groups are looked at
 * half-way between them (every time that a route waits is so many halves), so that neither side's clock must be exact.
 */
export interface Scenario {
  /** Name of its environment: what keeps it apart from all others. */
  env: string;
  routes: RouteProperties;
  /** What is sent at each tick. Every alert has `env`. */
  ticks: { labels: Record<string, string>; state: "firing" | "resolved" }[][];
}

export const tickCount = 7;

/** Small numbers that follow from a seed (mulberry32). */
export function createRandom(seed: number): { below(limit: number): number; chance(of: number): boolean } {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { below: (limit) => Math.floor(next() * limit), chance: (of) => next() < of };
}
type Random = ReturnType<typeof createRandom>;

const values = { a: ["1", "2"], b: ["x", "y", "z"], severity: ["critical", "warning"] };
type Name = keyof typeof values;
const names = Object.keys(values) as Name[];

const pick = <T>(random: Random, list: readonly T[]): T => {
  const found = list[random.below(list.length)];
  if (found === undefined) throw new RangeError("nothing to choose from");
  return found;
};

function matcher(random: Random): string {
  const name = pick(random, names);
  const value = pick(random, values[name]);
  switch (random.below(5)) {
    case 0:
      return `${name}!="${value}"`;
    case 1:
      return `${name}=~"${value}|never"`;
    case 2:
      return `${name}!~"${value}.*"`;
    default:
      return `${name}="${value}"`;
  }
}

/** `halfTickMs`: everything that a route waits is a multiple of it. */
export function makeScenario(seed: number, halfTickMs: number): Scenario {
  const random = createRandom(seed);
  const ms = (halves: number) => `${Math.round(halves * halfTickMs)}ms`;
  let receivers = 0;
  // An empty list means "as the parent" to Alertmanager, and "by nothing" to Havn: only the root has one.
  const groupByOf = (depth: number): { groupBy?: string[] } => {
    const some = random.chance(0.15) ? ["..."] : names.filter(() => random.chance(0.4));
    if (depth === 0) return { groupBy: some };
    return random.chance(0.6) && some.length > 0 ? { groupBy: some } : {};
  };
  const node = (depth: number): RouteProperties => {
    const children = depth === 0 ? 1 + random.below(3) : depth < 3 ? random.below(3) : 0;
    return {
      receiver: `n${receivers++}`,
      ...(depth > 0 && { match: Array.from({ length: 1 + random.below(2) }, () => matcher(random)) }),
      ...(depth > 0 && random.chance(0.4) && { continue: true }),
      ...groupByOf(depth),
      ...(depth === 0 && { groupWait: ms(1), groupInterval: ms(2), repeatInterval: ms(1000) }),
      ...(depth > 0 && random.chance(0.3) && { groupInterval: ms(2) }),
      ...(depth > 0 && random.chance(0.3) && { repeatInterval: ms(5) }),
      routes: Array.from({ length: children }, () => node(depth + 1)),
    };
  };
  const routes = node(0);
  if (random.chance(0.6))
    routes.inhibit = Array.from({ length: 1 + random.below(2) }, () => ({
      source: [matcher(random)],
      target: [matcher(random)],
      equal: names.filter(() => random.chance(0.4)),
    }));
  const alerts = Array.from({ length: 2 + random.below(5) }, (_, index) => ({
    alertname: `alert-${index}`,
    ...Object.fromEntries(
      names.flatMap((name) => (random.chance(0.85) ? [[name, pick(random, values[name])]] : [])),
    ),
  }));
  const env = `s${seed}`;
  const firing = new Set<number>();
  const ticks = Array.from({ length: tickCount }, (_, tick) =>
    alerts.flatMap((labels, index): Scenario["ticks"][number] => {
      const own = { labels: { ...labels, env } };
      if (firing.has(index)) {
        if (random.chance(0.3)) {
          firing.delete(index);
          return [{ ...own, state: "resolved" }];
        }
        return random.chance(0.5) ? [{ ...own, state: "firing" }] : [];
      }
      if (!random.chance(tick === 0 ? 0.6 : 0.3)) return [];
      firing.add(index);
      return [{ ...own, state: "firing" }];
    }),
  );
  return { env, routes, ticks };
}

/** One notification as both sides tell it. */
export interface ComparedNotification {
  receiver: string;
  groupLabels: Record<string, string>;
  /** `alert-1 firing`, sorted. */
  alerts: string[];
}

/** What each group was told, in its order. */
export function byGroup(told: readonly ComparedNotification[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const { receiver, groupLabels, alerts } of told) {
    const labels = Object.entries(groupLabels).sort(([left], [right]) => (left < right ? -1 : 1));
    const key = `${receiver} ${JSON.stringify(labels)}`;
    groups[key] = [...(groups[key] ?? []), alerts.toSorted().join(", ")];
  }
  return Object.fromEntries(Object.entries(groups).sort(([left], [right]) => (left < right ? -1 : 1)));
}

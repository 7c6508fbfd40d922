/**
 * Wall time of an IANA zone and instants. Wall times are numbers too: what `Date.UTC` gives for the same figures.
 * An instant is milliseconds since the epoch.
 */
const dayMs = 86_400_000;

/** A stretch with one offset: from `from` (inclusive) until the next stretch. Wall time = instant + `offset`. */
interface Stretch {
  from: number;
  offset: number;
}

const stretches = new Map<string, Stretch[]>();

/** The zone's stretches over the years around `at`, found once. */
function stretchesAround(zone: string, at: number): readonly Stretch[] {
  const year = new Date(at).getUTCFullYear();
  const key = `${zone} ${year}`;
  const known = stretches.get(key);
  if (known) return known;
  const end = Date.UTC(year + 1, 0, 1) + 3 * dayMs;
  let from = Temporal.Instant.fromEpochMilliseconds(Date.UTC(year, 0, 1) - 3 * dayMs).toZonedDateTimeISO(
    zone,
  );
  const found: Stretch[] = [];
  for (;;) {
    found.push({ from: from.epochMilliseconds, offset: from.offsetNanoseconds / 1e6 });
    const next = from.getTimeZoneTransition("next");
    if (!next || next.epochMilliseconds >= end) break;
    from = next;
  }
  if (stretches.size > 5000) stretches.clear();
  stretches.set(key, found);
  return found;
}

export function wallOf(zone: string, at: number): number {
  return at + (stretchesAround(zone, at).findLast(({ from }) => from <= at)?.offset ?? 0);
}

/**
 * When something that starts at this wall time starts: the first instant whose wall time has reached it. So a time that
 * comes twice is its first, and one that is left out is the moment at which it is left out.
 */
export function startAt(zone: string, wall: number): number {
  const around = stretchesAround(zone, wall);
  for (const [index, { from, offset }] of around.entries()) {
    const until = around[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    const at = Math.max(wall - offset, index === 0 ? Number.NEGATIVE_INFINITY : from);
    if (at < until) return at;
  }
  throw new RangeError(`no instant of ${zone} reaches ${new Date(wall).toISOString()}`);
}

/**
 * When something that ends at this wall time ends: after the last instant whose wall time is before it. So a time that
 * comes twice is its last: shifts may overlap there, and never leave a gap.
 */
export function endAt(zone: string, wall: number): number {
  const around = stretchesAround(zone, wall);
  for (let index = around.length - 1; index >= 0; index--) {
    const { from = 0, offset = 0 } = around[index] ?? {};
    const until = around[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    const at = Math.min(wall - offset, until);
    if (at > from || index === 0) return at;
  }
  throw new RangeError(`no instant of ${zone} is before ${new Date(wall).toISOString()}`);
}

/** `2026-11-23T09:00` as a wall time. Throws a RangeError for anything else. */
export function parseWall(text: string): number {
  const wall = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? Date.parse(`${text}:00Z`) : Number.NaN;
  if (Number.isNaN(wall)) throw new RangeError(`"${text}" is no time: write 2026-11-23T09:00`);
  return wall;
}

export const startOfDay = (wall: number): number => Math.floor(wall / dayMs) * dayMs;

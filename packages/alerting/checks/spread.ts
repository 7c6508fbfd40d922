/**
 * How long after now a check has its first turn. Few begin at once; many are spread over their interval, each at a place
 * of its own that stays, so that a start, or a change of all of them, is no thunder.
 */
export function firstDelay(address: string, intervalMs: number, count: number): number {
  return Math.floor(placeOf(address) * Math.min(intervalMs, count * perCheckMs));
}

/** 1,000 a second while there are few enough. */
const perCheckMs = 1;

/** When it is due next: its rhythm holds whatever a run took; turns that were missed are left out, not made up for. */
export function nextTurn(due: number, intervalMs: number, now: number): number {
  const next = due + intervalMs;
  return next > now ? next : next + Math.ceil((now - next + 1) / intervalMs) * intervalMs;
}

/** FNV-1a, as a share of one. */
function placeOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  // The last letters change the high bits least: mix once more.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 2 ** 32;
}

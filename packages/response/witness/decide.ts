/** How one Havn is watched. Milliseconds, all. */
export interface Watch {
  /** No ping for so long: it is silent. */
  silentFor: number;
  /** Once silent, it is back when pings have come for so long without such a gap: one ping is no recovery. */
  backFor: number;
  /** A silence that lasts is told again so often. */
  repeat: number;
}

/** What is known of it, as it stands on the disk. Milliseconds since the epoch. */
export interface WatchState {
  state: "up" | "silent";
  lastPing: number;
  /** While silent: since when pings come again. */
  pingsSince: number | undefined;
  /** When people were told last of the silence that lasts. */
  toldAt: number | undefined;
}

export type Telling = "silent" | "still silent" | "back";

export const newWatchState = (now: number): WatchState => ({
  ...{ state: "up", lastPing: now, pingsSince: undefined, toldAt: undefined },
});

/** A ping came. */
export function pinged(watch: Watch, before: WatchState, now: number): WatchState {
  if (before.state === "up") return { ...before, lastPing: now };
  const goesOn = before.pingsSince !== undefined && now - before.lastPing <= watch.silentFor;
  return { ...before, lastPing: now, pingsSince: goesOn ? before.pingsSince : now };
}

/**
 * Time passed. A clock that was set back makes nothing silent; a witness that was not there itself counts from its own
 * start (see `restarted`).
 */
export function decide(watch: Watch, before: WatchState, now: number): { state: WatchState; tell?: Telling } {
  const state = { ...before, lastPing: Math.min(before.lastPing, now) };
  const silence = now - state.lastPing;
  if (state.state === "up")
    return silence > watch.silentFor
      ? { state: { ...state, state: "silent", pingsSince: undefined, toldAt: now }, tell: "silent" }
      : { state };
  if (silence > watch.silentFor) {
    const since = { ...state, pingsSince: undefined };
    return now - (state.toldAt ?? 0) >= watch.repeat
      ? { state: { ...since, toldAt: now }, tell: "still silent" }
      : { state: since };
  }
  return state.pingsSince !== undefined && now - state.pingsSince >= watch.backFor
    ? { state: { ...state, state: "up", pingsSince: undefined, toldAt: undefined }, tell: "back" }
    : { state };
}

/** The witness itself starts again: nobody could ping it meanwhile. */
export const restarted = (state: WatchState, now: number): WatchState => ({
  ...state,
  lastPing: now,
  pingsSince: undefined,
});

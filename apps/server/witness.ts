import { HavnError } from "@havn/model";

/** Longest that what must be so for a page may not have been seen to. */
const longestAgoMs = 120_000;
const longestPingMs = 10_000;

/**
 * Says to an outside address that this Havn could page somebody now: `alive` is told each time that open pages were looked
 * after, and without it no ping goes out. Throws where the address does not take it.
 */
export function createPing({ url, now }: { url: string | undefined; now(): number }): {
  alive(): void;
  ping(): Promise<void>;
} {
  let lookedAfter = Number.NEGATIVE_INFINITY;
  return {
    alive() {
      lookedAfter = now();
    },
    async ping() {
      if (url === undefined || lookedAfter === Number.NEGATIVE_INFINITY) return;
      if (now() - lookedAfter > longestAgoMs)
        throw new HavnError("The witness is not pinged: open pages are not being looked after");
      const signal = AbortSignal.timeout(longestPingMs);
      const response = await fetch(url, { method: "POST", redirect: "error", signal });
      await response.body?.cancel();
      // The address holds a token: it stands in no log.
      if (!response.ok) throw new HavnError(`The witness answered ${response.status}`);
    },
  };
}

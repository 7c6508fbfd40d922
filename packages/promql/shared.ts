import type { Querier, Series } from "./querier.ts";

/** Samples of one selection that are remembered: what is larger is read anew. */
const mostSamples = 500_000;

/**
 * The same store, but what was selected is remembered, as long as whoever evaluates several expressions at one moment holds
 * on to it. It is to be made anew when something was written that they should see.
 */
export function sharedSelections(querier: Querier): Querier {
  const known = new Map<string, Promise<Series[] | undefined>>();
  async function gather(...[matchers, range, signal]: Parameters<Querier["select"]>) {
    const found: Series[] = [];
    let samples = 0;
    for await (const series of querier.select(matchers, range, signal)) {
      samples += series.values.length;
      if (samples > mostSamples) return undefined;
      found.push(series);
    }
    return found;
  }
  return {
    labelNames: querier.labelNames,
    labelValues: querier.labelValues,
    series: querier.series,
    async *select(matchers, range, signal) {
      const key = JSON.stringify([matchers, range.start, range.end]);
      let found = known.get(key);
      if (!found) {
        found = gather(matchers, range, signal);
        known.set(key, found);
        // Whoever asks next may be luckier.
        found.catch(() => known.delete(key));
      }
      const all = await found;
      if (all) yield* all;
      else yield* querier.select(matchers, range, signal);
    },
  };
}

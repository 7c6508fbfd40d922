import type { Labels } from "@havn/model";
import type { Ingest } from "../ingest.ts";
import type { Sink } from "../metrics/sink.ts";
import type { SampleSink, Write } from "./target.ts";

/**
 * Where the control plane's own scrapes are kept. What comes while something is being written goes together after it: a
 * thousand targets are not a thousand files. Resolves when it is on disk; what cannot be kept is told and lost, as a scrape
 * that did not happen.
 */
export function createWriter(
  ingest: Pick<Ingest, "sink" | "store">,
  { log }: { log: (message: string) => void },
): (environment: string) => Write {
  const waiting = new Map<string, ((sink: SampleSink) => void)[]>();
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    for (const [environment, fills] of waiting) {
      waiting.delete(environment);
      const sink = ingest.sink({ env: environment });
      const into = sampleSink(sink);
      for (const fill of fills) fill(into);
      try {
        await ingest.store(sink);
      } catch (error) {
        log(`scraped samples of ${environment} were not kept: ${(error as Error).message}`);
      }
    }
  }

  return (environment) => (fill) => {
    const fills = waiting.get(environment) ?? [];
    waiting.set(environment, fills);
    fills.push(fill);
    // The turn that is under way does not see this any more; the one after it does.
    const turn = (writing ?? Promise.resolve()).then(() => (waiting.size > 0 ? writeAll() : undefined));
    writing = turn;
    return turn;
  };
}

/** Samples by labels, as a protocol would put them. */
export function sampleSink(sink: Sink): SampleSink {
  const references = new Map<Labels, number>();
  const referenceOf = (labels: Labels) => {
    let reference = references.get(labels);
    if (reference === undefined) {
      reference = sink.reference(Object.entries(labels).flat());
      references.set(labels, reference);
    }
    return reference;
  };
  const at = (labels: Labels, put: (reference: number) => void) => {
    const reference = referenceOf(labels);
    if (reference >= 0) put(reference);
  };
  return {
    add: (labels, time, value, start) => at(labels, (reference) => sink.value(reference, time, value, start)),
    addStale: (labels, time) => at(labels, (reference) => sink.stale(reference, time)),
    histogram: (labels, time, histogram, start) =>
      at(labels, (reference) => sink.histogram(reference, time, histogram, start)),
    exemplar: (labels, { timestamp, value, labels: own }) =>
      at(labels, (reference) => sink.exemplar(reference, timestamp, value, own.flat())),
    metadata: (metadata) => sink.batch.metadata.push(metadata),
  };
}

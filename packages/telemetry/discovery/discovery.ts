import type { Clock, Labels } from "@havn/model";
import type { Connection } from "../scrape/fetch.ts";

/** Targets that were found together, as Prometheus has them: each with `__address__`, all with `labels` besides. */
export interface TargetGroup {
  targets: readonly Labels[];
  labels: Labels;
}

export interface DiscoveryContext {
  clock: Clock;
  /** Opens an address with the HTTP settings of the discovery itself. */
  connection: Connection;
  /** Told what went wrong this time; undefined when it goes well again. What was found before stays. */
  failed(message: string | undefined): void;
  signal: AbortSignal;
}

/** A way to find targets. Tells all that there are whenever that changes, until the signal aborts. */
export type Discover<C> = (
  config: C,
  found: (groups: readonly TargetGroup[]) => void,
  context: DiscoveryContext,
) => Promise<void>;

/** Asks every `intervalMs`; an answer that fails leaves what was there. */
export async function poll(
  ask: () => Promise<readonly TargetGroup[]>,
  given: { found: (groups: readonly TargetGroup[]) => void; intervalMs: number; context: DiscoveryContext },
): Promise<void> {
  const { clock, failed, signal } = given.context;
  while (!signal.aborted) {
    try {
      const groups = await ask();
      if (signal.aborted) return;
      failed(undefined);
      given.found(groups);
    } catch (error) {
      if (signal.aborted) return;
      failed(error instanceof Error ? error.message : String(error));
    }
    await clock.sleep(given.intervalMs, signal);
  }
}

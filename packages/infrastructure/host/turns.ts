import type { Clock } from "@havn/model";

/** Who waits hears once that it does, and of whoever is before it then; undefined: its turn has come. */
export type OnWait = (before: string | undefined) => void;

/** What is waited for shorter is not worth a word. */
const tellAfterMs = 1000;

/** Lets one work on the host at a time, in the order in which they came. */
export function createTurns({ clock }: { clock: Clock }) {
  let last: Promise<unknown> = Promise.resolve();
  /** Names of what is at work or waits, the first at work. */
  const queue: string[] = [];

  /** Whether anything was told. */
  async function tellOf(onWait: OnWait, come: AbortSignal): Promise<boolean> {
    let told: string | undefined;
    while (!come.aborted) {
      await clock.sleep(tellAfterMs, come);
      const [before] = queue;
      if (come.aborted || before === told) continue;
      told = before;
      onWait(before);
    }
    return told !== undefined;
  }

  return {
    /** `work` when its turn comes. `name` is what others hear that they wait for. */
    take<T>(name: string, work: () => Promise<T>, onWait?: OnWait): Promise<T> {
      const come = new AbortController();
      const telling = queue.length > 0 && onWait ? tellOf(onWait, come.signal) : undefined;
      queue.push(name);
      const result = last
        .then(async () => {
          come.abort();
          if (await telling) onWait?.(undefined);
          return work();
        })
        .finally(() => queue.shift());
      last = result.catch(() => {});
      return result;
    },
  };
}

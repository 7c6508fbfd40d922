import { PromqlError } from "../errors.ts";

/** Lets so many through at once; the others wait in the order in which they came. */
export class Gate {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#free = most;
  }

  /** Gives what opens the gate to the next one. Throws a PromqlError where `signal` aborts before. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw queueError(signal);
    if (this.#free > 0) this.#free--;
    else
      await new Promise<void>((resolve, reject) => {
        const giveUp = () => {
          this.#waiting.delete(letIn);
          reject(queueError(signal));
        };
        const letIn = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        signal.addEventListener("abort", giveUp, { once: true });
        this.#waiting.add(letIn);
      });
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const [next] = this.#waiting;
      if (!next) this.#free++;
      else {
        this.#waiting.delete(next);
        next();
      }
    };
  }
}

function queueError({ reason }: AbortSignal): PromqlError {
  if (reason instanceof DOMException && reason.name === "TimeoutError")
    return new PromqlError("timeout", "query timed out in query queue");
  return new PromqlError("canceled", "query was canceled in query queue");
}

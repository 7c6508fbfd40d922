import type { Answer } from "../metrics/answer.ts";
import type { Ask } from "../metrics/ask.ts";

export interface Asker {
  /** Waits for its turn. Rejects with an AbortError once `signal` aborts, and then asks nothing or stops asking. */
  ask(question: Ask, signal: AbortSignal): Promise<Answer>;
}

interface Asked {
  key: string;
  question: Ask;
  waiting: Set<{ resolve(answer: Answer): void; reject(cause: unknown): void }>;
  under: AbortController | undefined;
}

/**
 * Asks at most `most` questions at a time, in the order in which they came, the same one once for all who ask it. What
 * nobody waits for any more is not asked, or stopped: the server stops too.
 */
export function createAsker(
  answer: (question: Ask, signal: AbortSignal) => Promise<Answer>,
  most = 6,
): Asker {
  const asked = new Map<string, Asked>();
  let running = 0;

  function next(): void {
    for (const one of asked.values()) {
      if (running >= most) return;
      if (one.under) continue;
      const under = new AbortController();
      one.under = under;
      running += 1;
      void answer(one.question, under.signal)
        .then(
          (given) => settle(one, (waiter) => waiter.resolve(given)),
          (cause: unknown) => settle(one, (waiter) => waiter.reject(cause)),
        )
        .finally(() => {
          running -= 1;
          next();
        });
    }
  }
  function settle(one: Asked, tell: (waiter: Parameters<Asked["waiting"]["add"]>[0]) => void): void {
    if (asked.get(one.key) === one) asked.delete(one.key);
    for (const waiter of one.waiting) tell(waiter);
    one.waiting.clear();
  }

  return {
    ask(question, signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const key = JSON.stringify(question);
      const one: Asked = asked.get(key) ?? { key, question, waiting: new Set(), under: undefined };
      asked.set(key, one);
      return new Promise((resolve, reject) => {
        const leave = () => {
          one.waiting.delete(waiter);
          reject(signal.reason);
          if (one.waiting.size > 0) return;
          if (asked.get(key) === one) asked.delete(key);
          one.under?.abort();
        };
        const waiter = {
          resolve(given: Answer) {
            signal.removeEventListener("abort", leave);
            resolve(given);
          },
          reject(cause: unknown) {
            signal.removeEventListener("abort", leave);
            reject(cause);
          },
        };
        one.waiting.add(waiter);
        signal.addEventListener("abort", leave, { once: true });
        next();
      });
    },
  };
}

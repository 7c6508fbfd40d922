import type { Clock } from "@havn/model";

/** What senders of an environment sent and was not taken, by the reason that they were told. */
export interface RefusedSamples {
  /** "" where the sender named none. */
  environment: string;
  reason: string;
  /** Samples, or whole requests, since this process started. */
  refused: number;
  /** Milliseconds since the epoch. */
  lastAt: number;
}

/** Reasons are few; what a sender writes must not make them many. */
const mostKept = 200;

/** Counts what was refused, for who looks after the store: a sender mostly says nothing of it. */
export class Refusals {
  readonly #clock: Clock;
  readonly #kept = new Map<string, RefusedSamples>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(environment: string, reason: string, count = 1): void {
    const key = `${environment}\0${reason}`;
    const known = this.#kept.get(key);
    const [oldest] = this.#kept.keys();
    if (!known && this.#kept.size >= mostKept && oldest !== undefined) this.#kept.delete(oldest);
    const refused = (known?.refused ?? 0) + count;
    this.#kept.set(key, { environment, reason, refused, lastAt: this.#clock.now() });
  }

  list(): RefusedSamples[] {
    return [...this.#kept.values()];
  }
}

/** Why a whole request was not taken, in words that are the same for all such requests. */
export function reasonOf(status: number): string | undefined {
  switch (status) {
    case 400:
      return "a request is malformed";
    case 413:
      return "a request is too large once it is decompressed";
    case 415:
      return "a request has a content type or encoding that is not taken";
    default:
      return undefined;
  }
}

import type { Clock } from "@havn/model";

/** Who brought more new series than it may, and how many of them were not taken. */
export interface RefusedSeries {
  environment: string;
  job: string;
  instance: string;
  /** Since this process started. */
  refused: number;
  /** Milliseconds since the epoch. */
  lastAt: number;
}

const windowMs = 60_000;
const mostTargets = 10_000;

interface Budget {
  left: number;
  since: number;
  refused: number;
  lastAt: number;
}

/**
 * How many series that were not there before one target may bring within a minute. A label with a number for every request
 * would else fill the store for all; so that target's new series are refused, and what it had before goes on.
 */
export class Newcomers {
  readonly reason: string;
  readonly #most: number;
  readonly #clock: Clock;
  readonly #budgets = new Map<string, Budget>();

  constructor({ most, clock }: { most: number; clock: Clock }) {
    this.#most = most;
    this.#clock = clock;
    this.reason = `its target brings more than ${most} new series a minute`;
  }

  /** Takes note of one more; false where it is one too many. `labels`: names and values in turn. */
  admit(labels: readonly string[]): boolean {
    const now = this.#clock.now();
    const key = targetOf(labels);
    const budget = this.#budgets.get(key) ?? this.#open(key, now);
    if (now - budget.since >= windowMs) {
      budget.since = now;
      budget.left = this.#most;
    }
    if (budget.left > 0) {
      budget.left--;
      return true;
    }
    budget.refused++;
    budget.lastAt = now;
    return false;
  }

  /** Who was refused something. */
  refused(): RefusedSeries[] {
    return [...this.#budgets].flatMap(([key, { refused, lastAt }]) => {
      if (refused === 0) return [];
      const [environment = "", job = "", instance = ""] = key.split("\0");
      return [{ environment, job, instance, refused, lastAt }];
    });
  }

  #open(key: string, now: number): Budget {
    if (this.#budgets.size >= mostTargets) this.#forgetOld(now);
    const budget = { left: this.#most, since: now, refused: 0, lastAt: 0 };
    this.#budgets.set(key, budget);
    return budget;
  }

  /** Those that brought nothing new for a minute begin anew anyway; all go where that is not enough. */
  #forgetOld(now: number): void {
    for (const [key, { since, refused }] of this.#budgets)
      if (now - since >= windowMs && refused === 0) this.#budgets.delete(key);
    if (this.#budgets.size >= mostTargets) this.#budgets.clear();
  }
}

function targetOf(labels: readonly string[]): string {
  let [environment, job, instance] = ["", "", ""];
  for (let at = 0; at < labels.length; at += 2) {
    const value = labels[at + 1] ?? "";
    if (labels[at] === "env") environment = value;
    else if (labels[at] === "job") job = value;
    else if (labels[at] === "instance") instance = value;
  }
  return `${environment}\0${job}\0${instance}`;
}

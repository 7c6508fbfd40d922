import type { Ledger } from "../ledger.ts";
import type { AttemptEnd, Notice } from "../store.ts";
import { attempt, attemptId, type SendingOptions } from "./sending.ts";

export interface FirstTriesOptions extends SendingOptions {
  /** Goes on with a notice as durable work, to the end. */
  goOn(notice: string): Promise<void>;
}

/**
 * The first try of each notice, at once and many together. It is no durable work of its own, which would cost a dozen
 * statements: the notice is kept as open and its try as begun before anything is sent, and whatever finds them so after a
 * crash makes the same try again under the same name. What a channel does not take becomes durable work.
 */
export interface FirstTries {
  /** These are about to be kept: whoever finds them before they are offered leaves them alone. */
  expect(notices: readonly Notice[]): void;
  /** They were not kept, or nobody knows whether: whoever finds them looks after them. */
  leave(notices: readonly Notice[]): void;
  /** Begins with what was kept just now; does not wait for it. */
  offer(notices: readonly Notice[]): void;
  /** It must not be looked after by anything else now. */
  isUnderWay(notice: string): boolean;
}

/** What one channel is told side by side: more would be a flood, fewer would wait for each other. */
const atOnce = 8;
const retryMs = 1000;

interface Ended {
  notice: string;
  end: AttemptEnd;
}

export function createFirstTries(options: FirstTriesOptions): FirstTries {
  const { ledger, clock } = options;
  const underWay = new Set<string>();
  const lanes = new Map<string, { queue: Notice[]; workers: number }>();
  let ended: Ended[] = [];
  let settling = false;

  const leaving: string[] = [];
  let leaders = 0;

  /** What was not taken goes on as durable work, a few at a time: a channel that is away may have thousands waiting. */
  function letGo(notice: string): void {
    leaving.push(notice);
    if (leaders === atOnce) return;
    leaders += 1;
    void lead();
  }

  async function lead(): Promise<void> {
    for (let notice = leaving.shift(); notice !== undefined; notice = leaving.shift())
      try {
        await options.goOn(notice);
      } catch {
        // The next sweep does it.
      } finally {
        underWay.delete(notice);
      }
    // In the same turn in which nothing was left: whatever comes a moment later leads itself.
    leaders -= 1;
  }

  /** What ended meanwhile is kept together. While PostgreSQL is away it waits. */
  async function settle(): Promise<void> {
    if (settling) return;
    settling = true;
    while (ended.length > 0) {
      const all = ended;
      ended = [];
      const accepted = all.filter(({ end }) => end.acceptedAt !== null).map(({ notice }) => notice);
      try {
        await ledger.begin(async (transaction) => {
          await transaction.endAttempts(all.map(({ end }) => end));
          await transaction.endNotices(accepted, "accepted");
        });
      } catch {
        ended = [...all, ...ended];
        await clock.sleep(retryMs);
        continue;
      }
      for (const notice of accepted) underWay.delete(notice);
      for (const { notice, end } of all) if (end.acceptedAt === null) letGo(notice);
    }
    // In the same turn in which nothing was left: whatever ends a moment later begins anew.
    settling = false;
  }

  const keep = (one: Ended): void => {
    ended.push(one);
    void settle();
  };

  async function work(lane: { queue: Notice[]; workers: number }): Promise<void> {
    for (let notice = lane.queue.shift(); notice; notice = lane.queue.shift()) {
      const end = await attempt(options, notice, firstAttempt(options, notice.id));
      keep({ notice: notice.id, end });
      // Whoever waits behind a channel that takes nothing now gets patience of its own.
      if (end.acceptedAt === null) for (const { id } of lane.queue.splice(0)) letGo(id);
    }
    lane.workers -= 1;
  }

  return {
    expect(notices) {
      for (const { id } of notices) underWay.add(id);
    },
    leave(notices) {
      for (const { id } of notices) underWay.delete(id);
    },
    offer(notices) {
      for (const notice of notices) {
        underWay.add(notice.id);
        const key = JSON.stringify([notice.environment, notice.channel]);
        const lane = lanes.get(key) ?? { queue: [], workers: 0 };
        lanes.set(key, lane);
        lane.queue.push(notice);
        if (lane.workers === atOnce) continue;
        lane.workers += 1;
        void work(lane).finally(() => {
          if (lane.workers === 0 && lane.queue.length === 0) lanes.delete(key);
        });
      }
    },
    isUnderWay: (notice) => underWay.has(notice),
  };
}

/** The name of a notice's first try, here and where durable work goes on with it. */
export const firstAttempt = (options: Pick<SendingOptions, "attemptId">, notice: string): string =>
  (options.attemptId ?? attemptId)({ about: notice, person: null, round: 0, level: 0, way: 0, number: 0 });

/** As they are kept together with their notices. */
export const firstAttempts = (
  options: Pick<SendingOptions, "attemptId">,
  notices: readonly Notice[],
  begunAt: number,
) =>
  notices.map(({ id, channel }) => ({
    ...{ id: firstAttempt(options, id), about: id, person: null, channel: channel.kind },
    ...{ round: 0, level: 0, number: 0, begunAt },
  }));

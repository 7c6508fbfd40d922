import { createHash } from "node:crypto";
import type { Channel, Clock } from "@havn/model";
import type { Run } from "@havn/workflows";
import type { Ledger } from "../ledger.ts";
import type { Message } from "../notifiers/index.ts";
import type { AttemptEnd } from "../store.ts";

/** How often one way is tried before the next, and how long is waited before each try. Milliseconds. */
const backOff = [0, 5000, 20_000] as const;
const longestTryMs = 15_000;

export interface SendingOptions {
  ledger: Ledger;
  clock: Clock;
  /** Opens the references of a channel. */
  resolve<T>(environment: string, value: T): Promise<T>;
  send(channel: Channel, message: Message, signal: AbortSignal): Promise<string>;
  /** Another one finds out what a simulator can find. */
  attemptId?(key: AttemptKey): string;
}

export interface Telling {
  environment: string;
  /** A page's or a notice's id. */
  about: string;
  person: string | null;
  round: number;
  level: number;
  channel: Channel;
  /** Which of the person's ways it is. */
  way: number;
  message: Omit<Message, "id">;
  /** False: there is no need any more. */
  wanted(): Promise<boolean>;
}

/**
 * Tries one way until a provider accepts, each try a row that people can see. The id that providers get is the same for
 * a try that is made twice because the process died in the middle.
 */
export async function tellOneWay(
  run: Run,
  options: SendingOptions,
  telling: Telling,
): Promise<"accepted" | "failed" | "needless"> {
  for (const [number, pause] of backOff.entries()) {
    const name = `way ${telling.way} try ${number}`;
    if (pause > 0) {
      const from = await run.step(`${name}: when`, async () => options.clock.now());
      await options.clock.sleep(from + pause - options.clock.now());
    }
    const outcome = await run.step(name, () => tryOnce(options, telling, number));
    if (outcome !== "failed") return outcome;
  }
  return "failed";
}

/** What makes a try the same one, to Havn and to providers. */
export type AttemptKey = Pick<Telling, "about" | "person" | "round" | "level" | "way"> & { number: number };

export const attemptId = ({ about, person, round, level, way, number }: AttemptKey): string =>
  createHash("sha256")
    .update(JSON.stringify([about, person, round, level, way, number]))
    .digest("hex")
    .slice(0, 32);

async function tryOnce(options: SendingOptions, telling: Telling, number: number) {
  const { ledger, clock } = options;
  if (!(await telling.wanted())) return "needless";
  const { about, person, round, level, way, channel } = telling;
  const id = (options.attemptId ?? attemptId)({ about, person, round, level, way, number });
  const before = await ledger.beginAttempt({
    ...{ id, about, person, round, level, number },
    channel: channel.kind,
    begunAt: clock.now(),
  });
  if (before) return before;
  const end = await attempt(options, telling, id);
  await ledger.endAttempts([end]);
  return end.acceptedAt === null ? "failed" : "accepted";
}

/** Hands a message to its channel once. Does not throw: what went wrong is how it ended. */
export async function attempt(
  { clock, resolve, send }: SendingOptions,
  { environment, channel, message }: Pick<Telling, "environment" | "channel" | "message">,
  id: string,
): Promise<AttemptEnd> {
  try {
    const open = await resolve(environment, channel);
    const signal = AbortSignal.timeout(longestTryMs);
    const detail = await send(open, { ...message, id, at: clock.now() }, signal);
    return { id, acceptedAt: clock.now(), failure: null, detail };
  } catch (cause) {
    const failure = cause instanceof Error ? reasonOf(cause) : String(cause);
    return { id, acceptedAt: null, failure, detail: null };
  }
}

/** `fetch failed` alone tells nobody anything. */
export const reasonOf = (error: Error): string =>
  error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;

import type { Credentials, Identity } from "@havn/http";
import { type Clock, HavnError } from "@havn/model";
import type { Sessions } from "./sessions.ts";
import { createThrottle } from "./throttle.ts";
import type { Tokens } from "./tokens.ts";

export interface Authentication {
  /** As `AccessGate.authenticate`. */
  authenticate(credentials: Credentials): Promise<Identity | undefined>;
  /** Runs one attempt to prove who one is; failures (401) of one address slow down its next attempts. */
  attempt<T>(remoteAddress: string, work: () => Promise<T>): Promise<T>;
}

export function createAuthentication(options: {
  clock: Clock;
  tokens: Tokens;
  sessions: Sessions;
  cookieName: string;
}): Authentication {
  const throttle = createThrottle(options.clock);

  /** What is right gets through whoever else guesses at the same address: what is guessed has 256 bits. */
  async function attempt<T>(remoteAddress: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof HavnError) || cause.status !== 401) throw cause;
      const wait = throttle.wait(remoteAddress);
      throttle.failed(remoteAddress);
      if (wait === 0) throw cause;
      throw new HavnError("Too many failed attempts from this address", {
        status: 429,
        retryable: true,
        detail: `Wait ${Math.ceil(wait / 1000)} seconds and try again.`,
        cause,
      });
    }
  }

  return {
    attempt,
    async authenticate({ authorization, cookies, remoteAddress }) {
      if (authorization) return attempt(remoteAddress, () => byToken(options.tokens, authorization));
      const secret = cookies[options.cookieName];
      return secret ? bySession(options.sessions, secret) : undefined;
    },
  };
}

async function byToken(tokens: Tokens, authorization: string): Promise<Identity> {
  const secret = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const token = secret ? await tokens.find(secret) : undefined;
  if (!token)
    throw new HavnError("The token is not valid", {
      status: 401,
      detail: "Check that it was copied whole, or make a new one with `havn token create`.",
    });
  return { id: token.id, actor: `token:${token.name}`, role: token.role, via: "token" };
}

/** An old cookie is nobody, not a failure: browsers keep it, and the page then asks to sign in. */
async function bySession(sessions: Sessions, secret: string): Promise<Identity | undefined> {
  const session = await sessions.find(secret);
  if (!session) return undefined;
  const csrfToken = sessions.csrfToken(session.id);
  return { id: session.id, actor: session.actor, role: session.role, via: "session", csrfToken };
}

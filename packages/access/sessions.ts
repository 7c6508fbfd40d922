import { createHmac } from "node:crypto";
import { type Clock, HavnError, type Timeline } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { hashOf, newCode, newId } from "./credentials.ts";
import type { Role } from "./decisions.ts";
import {
  addSession,
  addSignInLink,
  endSession,
  findSessionByHash,
  findSignInLink,
  removeOldSignIns,
  type SessionRow,
  touchSession,
  useSignInLink,
} from "./store.ts";

const linkLifeMs = 15 * 60_000;
/** A session ends this long after it was last used, and in any case this long after it began. */
const idleMs = 12 * 3_600_000;
const maximumMs = 30 * 86_400_000;
const touchEveryMs = 60_000;
const dayMs = 86_400_000;

export interface SignIn {
  /** A code that opens one session within 15 minutes. It belongs in the fragment of a URL, which no log sees. */
  createCode(link: {
    actor: string;
    role: Role;
    createdBy: string;
  }): Promise<{ code: string; expiresAt: number }>;
  /** Throws a HavnError (401) that says whether the code is unknown, used or too old. */
  open(code: string): Promise<{ session: SessionRow; secret: string }>;
  /** Forgets links and sessions that ended a day ago. */
  prune(): Promise<void>;
}

export interface Sessions {
  find(secret: string): Promise<SessionRow | undefined>;
  end(id: string): Promise<void>;
  /** What changes made in this session must carry. */
  csrfToken(id: string): string;
  /** Seconds a browser keeps the cookie; the server ends sessions sooner. */
  readonly cookieSeconds: number;
}

export interface SignInOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
}

export function createSignIn({ sql, clock, timeline }: SignInOptions): SignIn {
  return {
    async createCode({ actor, role, createdBy }) {
      const [code, createdAt] = [newCode(), clock.now()];
      const expiresAt = createdAt + linkLifeMs;
      await addSignInLink(sql, { hash: hashOf(code), actor, role, createdAt, createdBy, expiresAt });
      return { code, expiresAt };
    },
    async open(code) {
      const now = clock.now();
      const link = await useSignInLink(sql, hashOf(code), now);
      if (!link) throw await whyNot(sql, code);
      const secret = newCode();
      const session: SessionRow = { id: newId(), ...link, createdAt: now, seenAt: now };
      await addSession(sql, { ...session, hash: hashOf(secret) });
      await timeline.write({
        kind: "signin.created",
        summary: `${session.actor} signed in with the role ${session.role}`,
        actor: session.actor,
        data: { session: session.id, role: session.role },
        key: `signin.created ${session.id}`,
      });
      return { session, secret };
    },
    async prune() {
      await removeOldSignIns(sql, clock.now() - dayMs - idleMs);
    },
  };
}

async function whyNot(sql: Sql, code: string): Promise<HavnError> {
  const known = await findSignInLink(sql, hashOf(code));
  const why = !known ? "is not known" : known.usedAt !== null ? "has been used already" : "has expired";
  return new HavnError(`This sign-in link ${why}`, {
    status: 401,
    detail: "Each link opens one session within 15 minutes. Make a new one with `havn open`.",
  });
}

export function createSessions(options: { sql: Sql; clock: Clock; csrfKey: Buffer }): Sessions {
  const { sql, clock, csrfKey } = options;
  return {
    cookieSeconds: maximumMs / 1000,
    async find(secret) {
      const session = await findSessionByHash(sql, hashOf(secret));
      const now = clock.now();
      if (!session || now - session.seenAt >= idleMs || now - session.createdAt >= maximumMs)
        return undefined;
      if (now - session.seenAt > touchEveryMs) await touchSession(sql, session.id, now);
      return session;
    },
    async end(id) {
      await endSession(sql, id, clock.now());
    },
    csrfToken: (id) => createHmac("sha256", csrfKey).update(id).digest("base64url"),
  };
}

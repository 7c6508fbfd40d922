import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timeline } from "@havn/model";
import { HavnError } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { hashOf, newId, newToken } from "./credentials.ts";
import type { Role } from "./decisions.ts";
import { writePrivate } from "./keys.ts";
import {
  addToken,
  findTokenByHash,
  listTokens,
  removeOldTokens,
  revokeToken,
  type TokenRow,
  touchToken,
} from "./store.ts";

export interface Tokens {
  /** The token itself is given back here and never again. `expiresIn` in milliseconds; undefined: does not expire. */
  create(token: { role: Role; name: string; actor: string; expiresIn?: number | undefined }): Promise<{
    id: string;
    token: string;
    expiresAt: number | undefined;
  }>;
  list(): Promise<TokenRow[]>;
  /** Throws a HavnError (404) when there is no such token. */
  revoke(id: string, actor: string): Promise<void>;
  /** Undefined: unknown or revoked. Throws a HavnError (401) when it has expired. */
  find(secret: string): Promise<TokenRow | undefined>;
  /** Forgets tokens that expired or were revoked 30 days ago; the audit log keeps what they did. */
  prune(): Promise<void>;
  /** Makes sure that `cli-token` (mode 0600) in the data directory holds a token that works. */
  ensureCliToken(dataDirectory: string): Promise<void>;
}

/** How exact "last used" is: a write for every request would be the most costly part of a request. */
const touchEveryMs = 60_000;
const keepEndedMs = 30 * 86_400_000;

export function createTokens({
  sql,
  clock,
  timeline,
}: {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
}): Tokens {
  const tokens: Tokens = {
    async create({ role, name, actor, expiresIn }) {
      const [id, token, createdAt] = [newId(), newToken(), clock.now()];
      const expiresAt = expiresIn === undefined ? undefined : createdAt + expiresIn;
      await addToken(sql, {
        id,
        name,
        role,
        hash: hashOf(token),
        createdAt,
        createdBy: actor,
        expiresAt: expiresAt ?? null,
      });
      await timeline.write({
        kind: "token.created",
        summary: `${actor} created the token "${name}" with the role ${role}`,
        actor,
        data: { id, role, name },
        key: `token.created ${id}`,
      });
      return { id, token, expiresAt };
    },
    list: () => listTokens(sql),
    async revoke(id, actor) {
      if (!(await revokeToken(sql, id, clock.now())))
        throw new HavnError(`There is no token ${id}`, {
          status: 404,
          detail: "GET /api/v1/tokens lists them.",
        });
      await timeline.write({
        kind: "token.revoked",
        summary: `${actor} revoked a token`,
        actor,
        data: { id },
        key: `token.revoked ${id}`,
      });
    },
    async find(secret) {
      const row = await findTokenByHash(sql, hashOf(secret));
      if (!row) return undefined;
      const now = clock.now();
      if (row.expiresAt !== null && row.expiresAt <= now)
        throw new HavnError(`The token "${row.name}" has expired`, {
          status: 401,
          detail: "Make a new one with `havn token create`.",
        });
      if (now - (row.lastUsedAt ?? 0) > touchEveryMs) await touchToken(sql, row.id, now);
      return row;
    },
    async prune() {
      await removeOldTokens(sql, clock.now() - keepEndedMs);
    },
    async ensureCliToken(dataDirectory) {
      const path = join(dataDirectory, "cli-token");
      const known = await readFile(path, "utf8").catch(() => "");
      if (known && (await tokens.find(known.trim()).catch(() => undefined))) return;
      const { id, token } = await tokens.create({ role: "admin", name: "cli", actor: "havn" });
      await writePrivate(`${path}.${id}`, `${token}\n`);
      await rename(`${path}.${id}`, path);
    },
  };
  return tokens;
}

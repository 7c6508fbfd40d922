import type { Sql } from "@havn/postgres";
import type { Role } from "./decisions.ts";

export interface TokenRow {
  id: string;
  name: string;
  role: Role;
  createdAt: number;
  createdBy: string;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

export const addToken = (sql: Sql, token: Omit<TokenRow, "lastUsedAt"> & { hash: Buffer }) => sql`
  insert into access.token (id, name, role, hash, created_at, created_by, expires_at)
  values (${token.id}, ${token.name}, ${token.role}, ${token.hash}, ${token.createdAt}, ${token.createdBy},
    ${token.expiresAt})`;

export const listTokens = (sql: Sql) => sql<TokenRow[]>`
  select id, name, role, created_at as "createdAt", created_by as "createdBy", expires_at as "expiresAt",
    last_used_at as "lastUsedAt"
  from access.token where revoked_at is null order by created_at desc, id`;

/** Expired ones too, so that the caller can say why. */
export async function findTokenByHash(sql: Sql, hash: Buffer): Promise<TokenRow | undefined> {
  const [row] = await sql<TokenRow[]>`
    select id, name, role, created_at as "createdAt", created_by as "createdBy", expires_at as "expiresAt",
      last_used_at as "lastUsedAt"
    from access.token where hash = ${hash} and revoked_at is null`;
  return row;
}

export const touchToken = (sql: Sql, id: string, at: number) => sql`
  update access.token set last_used_at = ${at} where id = ${id}`;

/** Whether there was one to revoke. */
export async function revokeToken(sql: Sql, id: string, at: number): Promise<boolean> {
  const { count } = await sql`
    update access.token set revoked_at = ${at} where id = ${id} and revoked_at is null`;
  return count > 0;
}

export const removeOldTokens = (sql: Sql, before: number) => sql`
  delete from access.token where revoked_at < ${before} or expires_at < ${before}`;

export const addSignInLink = (
  sql: Sql,
  link: { hash: Buffer; actor: string; role: Role; createdAt: number; createdBy: string; expiresAt: number },
) => sql`
  insert into access.sign_in_link (hash, actor, role, created_at, created_by, expires_at)
  values (${link.hash}, ${link.actor}, ${link.role}, ${link.createdAt}, ${link.createdBy}, ${link.expiresAt})`;

/** Takes a link for good: of two that try at once, one gets it. */
export async function useSignInLink(sql: Sql, hash: Buffer, at: number) {
  const [row] = await sql<{ actor: string; role: Role }[]>`
    update access.sign_in_link set used_at = ${at}
    where hash = ${hash} and used_at is null and expires_at > ${at} returning actor, role`;
  return row;
}

/** Links of the last day are kept, so that a person hears whether theirs was used or is too old. */
export const removeOldSignIns = (sql: Sql, before: number) => sql`
  with gone as (delete from access.session where seen_at < ${before} or ended_at < ${before})
  delete from access.sign_in_link where expires_at < ${before}`;

export async function findSignInLink(sql: Sql, hash: Buffer) {
  const [row] = await sql<{ usedAt: number | null; expiresAt: number }[]>`
    select used_at as "usedAt", expires_at as "expiresAt" from access.sign_in_link where hash = ${hash}`;
  return row;
}

export interface SessionRow {
  id: string;
  actor: string;
  role: Role;
  createdAt: number;
  seenAt: number;
}

export const addSession = (sql: Sql, session: SessionRow & { hash: Buffer }) => sql`
  insert into access.session (id, hash, actor, role, created_at, seen_at)
  values (${session.id}, ${session.hash}, ${session.actor}, ${session.role}, ${session.createdAt},
    ${session.seenAt})`;

export async function findSessionByHash(sql: Sql, hash: Buffer): Promise<SessionRow | undefined> {
  const [row] = await sql<SessionRow[]>`
    select id, actor, role, created_at as "createdAt", seen_at as "seenAt"
    from access.session where hash = ${hash} and ended_at is null`;
  return row;
}

export const touchSession = (sql: Sql, id: string, at: number) => sql`
  update access.session set seen_at = ${at} where id = ${id}`;

export const endSession = (sql: Sql, id: string, at: number) => sql`
  update access.session set ended_at = ${at} where id = ${id} and ended_at is null`;

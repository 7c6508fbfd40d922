import type { Sql, TransactionSql } from "@havn/postgres";
import type { AuditRecord, LinkedRecord } from "./chain.ts";

interface Head {
  id: number;
  hash: Uint8Array;
}

/** Holds the head until the transaction ends: the next writer waits. */
export async function lockAuditHead(transaction: TransactionSql): Promise<Head> {
  const [head] = await transaction<Head[]>`select id, hash from access.audit_head for update`;
  if (!head) throw new Error("the audit log has lost its head");
  return head;
}

export async function readAuditHead(transaction: TransactionSql): Promise<Head> {
  const [head] = await transaction<Head[]>`select id, hash from access.audit_head`;
  return head ?? { id: -1, hash: new Uint8Array() };
}

export const moveAuditHead = (transaction: TransactionSql, id: number, hash: Uint8Array) =>
  transaction`update access.audit_head set id = ${id}, hash = ${hash}`;

export const addAudit = (transaction: TransactionSql, record: LinkedRecord) => transaction`
  insert into access.audit
    (id, at, actor, identity, role, action, resource, outcome, method, path, remote_address, previous, hash)
  values (${record.id}, ${record.at}, ${record.actor}, ${record.identity}, ${record.role}, ${record.action},
    ${record.resource}, ${record.outcome}, ${record.method}, ${record.path}, ${record.remoteAddress},
    ${record.previous}, ${record.hash})`;

export const listAudit = (sql: Sql, { before, limit }: { before?: number | undefined; limit: number }) =>
  sql<AuditRecord[]>`
    select id, at, actor, identity, role, action, resource, outcome, method, path,
      remote_address as "remoteAddress"
    from access.audit where ${before ?? null}::bigint is null or id < ${before ?? null}
    order by id desc limit ${limit}`;

export const walkAudit = (transaction: TransactionSql): AsyncIterable<LinkedRecord[]> =>
  transaction<LinkedRecord[]>`
    select id, at, actor, identity, role, action, resource, outcome, method, path,
      remote_address as "remoteAddress", previous, hash
    from access.audit order by id`.cursor(1000);

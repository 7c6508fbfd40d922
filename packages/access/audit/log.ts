import type { AuditEntry } from "@havn/http";
import type { Clock } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { type AuditRecord, type ChainState, ChainWalk, linkHash } from "./chain.ts";
import { addAudit, listAudit, lockAuditHead, moveAuditHead, readAuditHead, walkAudit } from "./store.ts";

export interface AuditLog {
  /** Resolves when the entry is durable. Writers on all servers take turns. */
  write(entry: AuditEntry): Promise<void>;
  /** Newest first, below the id `before`. */
  list(options: { before?: number | undefined; limit: number }): Promise<AuditRecord[]>;
  /** Reads the whole log and says where its chain breaks, if anywhere. */
  verify(): Promise<ChainState>;
}

export function createAuditLog({ sql, clock, key }: { sql: Sql; clock: Clock; key: Buffer }): AuditLog {
  return {
    async write(entry) {
      await sql.begin(async (transaction) => {
        const head = await lockAuditHead(transaction);
        const record = { ...entry, id: head.id + 1, at: clock.now() };
        const hash = linkHash(key, head.hash, record);
        await addAudit(transaction, { ...record, previous: head.hash, hash });
        await moveAuditHead(transaction, record.id, hash);
      });
    },
    list: (options) => listAudit(sql, options),
    async verify() {
      // One snapshot for log and head, so that entries written meanwhile do not look like a break.
      return sql.begin("isolation level repeatable read read only", async (transaction) => {
        const walk = new ChainWalk(key);
        const head = await readAuditHead(transaction);
        for await (const records of walkAudit(transaction))
          for (const record of records) {
            const broken = walk.add(record);
            if (broken) return broken;
          }
        return walk.finish(head);
      });
    },
  };
}

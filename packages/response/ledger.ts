import type { Sql, TransactionSql } from "@havn/postgres";
import * as store from "./store.ts";

/**
 * What pages, incidents, notices and attempts are kept in, as paging and intake use it; each as in store.ts. PostgreSQL in
 * the product. The simulator hands over a disk of its own, which it cuts off wherever it likes.
 */
export interface Ledger {
  /** All of it or nothing of it. */
  begin<T>(work: (ledger: Ledger) => Promise<T>): Promise<T>;
  /** Those of these ids that were not taken in before. */
  take(all: readonly { id: string; at: number }[]): Promise<ReadonlySet<string>>;
  findOpenIncident(key: string): Promise<store.Incident | undefined>;
  findIncident(id: number): Promise<store.Incident | undefined>;
  insertIncident(one: store.NewIncident): Promise<store.Incident>;
  updateIncidentAlerts(id: number, alerts: store.Incident["alerts"]): PromiseLike<unknown>;
  acknowledgeIncident(id: number, at: number): PromiseLike<unknown>;
  reopenIncident(id: number): PromiseLike<unknown>;
  resolveIncident(id: number, by: string, at: number): Promise<boolean>;
  insertPage(page: Parameters<typeof store.insertPage>[1]): PromiseLike<unknown>;
  findPage(id: string): Promise<store.Page | undefined>;
  listPages(incident: number): Promise<store.Page[]>;
  listUnresolvedPages(): Promise<{ id: string }[]>;
  askLevel(id: string, next: { round: number; level: number; at: number }): PromiseLike<unknown>;
  acknowledgePage(id: string, answer: { by: string; at: number; until: number }): Promise<boolean>;
  /** The page is open and in this round. */
  isAsked(page: string, round: number): Promise<boolean>;
  useToken(token: string, at: number): Promise<boolean>;
  isUsed(token: string): Promise<boolean>;
  markAttempts: Bound<typeof store.markAttempts>;
  /** Those that are there already stay as they are. */
  insertAttempts(all: readonly store.NewAttempt[]): PromiseLike<unknown>;
  /** How a try came out that was begun before, and ended; undefined for one that is begun now, or was cut off. */
  beginAttempt(one: store.NewAttempt): Promise<"accepted" | "failed" | undefined>;
  endAttempts(all: readonly store.AttemptEnd[]): PromiseLike<unknown>;
  insertNotices(all: readonly store.Notice[]): PromiseLike<unknown>;
  findNotice(id: string): Promise<store.Notice | undefined>;
  listOpenNotices(): Promise<string[]>;
  /** A later notice about the same, for the same channel, was made meanwhile. */
  isOvertaken(notice: string): Promise<boolean>;
  endNotices(ids: readonly string[], state: "accepted" | "failed"): PromiseLike<unknown>;
}

type Bound<F> = F extends (sql: Sql | TransactionSql, ...rest: infer Rest) => unknown
  ? (...rest: Rest) => PromiseLike<unknown>
  : never;

export function sqlLedger(sql: Sql | TransactionSql): Ledger {
  return {
    // A transaction inside of another is part of it.
    begin: (work) =>
      "begin" in sql
        ? (sql.begin((transaction) => work(sqlLedger(transaction))) as ReturnType<typeof work>)
        : work(sqlLedger(sql)),
    take: (all) => store.take(sql, all),
    findOpenIncident: (key) => store.findOpenIncident(sql, key),
    findIncident: (id) => store.findIncident(sql, id),
    insertIncident: (one) => store.insertIncident(sql, one),
    updateIncidentAlerts: (id, alerts) => store.updateIncidentAlerts(sql, id, alerts),
    acknowledgeIncident: (id, at) => store.acknowledgeIncident(sql, id, at),
    reopenIncident: (id) => store.reopenIncident(sql, id),
    resolveIncident: (id, by, at) => store.resolveIncident(sql, id, by, at),
    insertPage: (page) => store.insertPage(sql, page),
    findPage: (id) => store.findPage(sql, id),
    listPages: (incident) => store.listPages(sql, incident),
    listUnresolvedPages: () => store.listUnresolvedPages(sql),
    askLevel: (id, next) => store.askLevel(sql, id, next),
    acknowledgePage: (id, answer) => store.acknowledgePage(sql, id, answer),
    isAsked: (page, round) => store.isAsked(sql, page, round),
    useToken: (token, at) => store.useToken(sql, token, at),
    isUsed: (token) => store.isUsed(sql, token),
    markAttempts: (column, which) => store.markAttempts(sql, column, which),
    insertAttempts: (all) => store.insertAttempts(sql, all),
    beginAttempt: (one) => store.beginAttempt(sql, one),
    endAttempts: (all) => store.endAttempts(sql, all),
    insertNotices: (all) => store.insertNotices(sql, all),
    findNotice: (id) => store.findNotice(sql, id),
    listOpenNotices: () => store.listOpenNotices(sql),
    isOvertaken: (id) => store.isOvertaken(sql, id),
    endNotices: (ids, state) => store.endNotices(sql, ids, state),
  };
}

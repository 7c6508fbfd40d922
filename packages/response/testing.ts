export { createDelivery } from "./incidents/delivery.ts";
export type { Ledger } from "./ledger.ts";
export type { Message } from "./notifiers/index.ts";
export { readAnswer } from "./pages/answers.ts";
export { decide } from "./pages/decide.ts";
export { createPaging, type PagingOptions } from "./pages/paging.ts";
export type { Attempt, Incident, Notice, Page } from "./store.ts";
export { type MailServer, openMailServer } from "./testing/mail-server.ts";

import { createHmac, timingSafeEqual } from "node:crypto";

/** What a link in a page stands for: one person's answer to one round of one page. */
export interface Answer {
  page: string;
  person: string;
  round: number;
}

/** Nothing is kept of a token but that it was used: it proves itself. */
export function answerToken({ page, person, round }: Answer, key: string): string {
  const payload = Buffer.from(JSON.stringify([page, person, round])).toString("base64url");
  return `${payload}.${sign(payload, key)}`;
}

/** Undefined for what this key did not make. */
export function readAnswer(token: string, key: string): Answer | undefined {
  const [payload = "", signature = ""] = token.split(".");
  const [given, expected] = [Buffer.from(signature), Buffer.from(sign(payload, key))];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const [page, person, round] = JSON.parse(Buffer.from(payload, "base64url").toString()) as [
    string,
    string,
    number,
  ];
  return { page, person, round };
}

const sign = (payload: string, key: string) =>
  createHmac("sha256", key).update(`answer ${payload}`).digest("base64url");

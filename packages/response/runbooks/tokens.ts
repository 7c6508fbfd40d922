import { createHmac, timingSafeEqual } from "node:crypto";

/** What a link in a question stands for: one person's answer to one step of one run. */
export interface QuestionToken {
  run: string;
  step: string;
  person: string;
}

const sign = (payload: string, key: string) =>
  createHmac("sha256", key).update(`runbook ${payload}`).digest("base64url");

/** It proves itself: nothing is kept of it but that its question was answered. */
export function questionToken({ run, step, person }: QuestionToken, key: string): string {
  const payload = Buffer.from(JSON.stringify([run, step, person])).toString("base64url");
  return `${payload}.${sign(payload, key)}`;
}

/** Undefined for what this key did not make. */
export function readQuestionToken(token: string, key: string): QuestionToken | undefined {
  const [payload = "", signature = ""] = token.split(".");
  const [given, expected] = [Buffer.from(signature), Buffer.from(sign(payload, key))];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const [run, step, person] = JSON.parse(Buffer.from(payload, "base64url").toString()) as [
    string,
    string,
    string,
  ];
  return { run, step, person };
}

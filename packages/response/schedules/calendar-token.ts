import { createHmac, timingSafeEqual } from "node:crypto";

interface Named {
  environment: string;
  name: string;
}

const sign = (payload: string, key: string) =>
  createHmac("sha256", key).update(`calendar ${payload}`).digest("base64url");

/** It proves itself, and is the same each time: a calendar program keeps its address for years. */
export function calendarToken({ environment, name }: Named, key: string): string {
  const payload = Buffer.from(JSON.stringify([environment, name])).toString("base64url");
  return `${payload}.${sign(payload, key)}`;
}

/** Undefined for what this key did not make. */
export function readCalendarToken(token: string, key: string): Named | undefined {
  const [payload = "", signature = ""] = token.split(".");
  const [given, expected] = [Buffer.from(signature), Buffer.from(sign(payload, key))];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const [environment, name] = JSON.parse(Buffer.from(payload, "base64url").toString()) as [string, string];
  return { environment, name };
}

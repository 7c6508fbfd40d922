import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const line = z.union([z.string(), z.strictObject({ base64: z.string() })]);

/** Inputs that reach code of their own, one a line of JSON: as text where they are UTF-8, else as base64. */
export function readCorpus(path: string): Uint8Array[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((text) => text !== "");
  return lines.map((text) => {
    const entry = line.parse(JSON.parse(text));
    return typeof entry === "string" ? Buffer.from(entry) : Buffer.from(entry.base64, "base64");
  });
}

export function writeCorpus(path: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, inputs.map((bytes) => `${JSON.stringify(entryOf(bytes))}\n`).join(""));
}

export function entryOf(bytes: Uint8Array): string | { base64: string } {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : { base64: Buffer.from(bytes).toString("base64") };
}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

const file = z.array(z.union([z.string(), z.strictObject({ base64: z.string() })]));

/** Inputs that reach code of their own, one a line: as text where they are UTF-8, else as base64. */
export function readCorpus(path: string): Uint8Array[] {
  if (!existsSync(path)) return [];
  return file
    .parse(JSON.parse(readFileSync(path, "utf8")))
    .map((entry) => (typeof entry === "string" ? Buffer.from(entry) : Buffer.from(entry.base64, "base64")));
}

export function writeCorpus(path: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.map((bytes) => JSON.stringify(entryOf(bytes)));
  writeFileSync(path, `[\n${lines.map((line) => `  ${line}`).join(",\n")}\n]\n`);
}

export function entryOf(bytes: Uint8Array): string | { base64: string } {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : { base64: Buffer.from(bytes).toString("base64") };
}

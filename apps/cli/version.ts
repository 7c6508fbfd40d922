import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of this checkout. */
export const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export function version(): string {
  const { version } = JSON.parse(readFileSync(`${checkout}/package.json`, "utf8")) as { version: string };
  return version;
}

import { z } from "zod";
import type { HostReads, Operation } from "./type.ts";

export const mariadbName = z
  .string()
  .regex(/^[A-Za-z0-9_$-]{1,64}$/, "expected letters, digits, hyphens and underscores, at most 64");

export const mariadbHost = z
  .string()
  .regex(/^[A-Za-z0-9.:%_/-]{1,255}$/, 'expected a host name, an address, or "%" for all')
  .default("localhost");

/** As root over the local socket, as Debian sets it up. SQL goes in by standard input: no argument holds a secret. */
export const mariadbCommand = ["mariadb", "--no-defaults", "--batch", "--skip-column-names", "--raw"];

export const mariadb = (...statements: string[]): Operation & { kind: "run" } => ({
  kind: "run",
  command: mariadbCommand,
  stdin: `${statements.join(";\n")};\n`,
});

export const quoteIdentifier = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
export const quoteString = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
export const accountOf = (user: string, host: string): string => `${quoteString(user)}@${quoteString(host)}`;

/** Rows of fields. Undefined where no server answers, for example before its package is installed. */
export async function readMariadb(host: HostReads, sql: string): Promise<string[][] | undefined> {
  const answer = await host.run(mariadbCommand, { stdin: sql }).catch(() => undefined);
  if (answer?.code !== 0) return undefined;
  return answer.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

import { z } from "zod";
import type { HostReads, Operation } from "./type.ts";

export const postgresName = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_-]{0,62}$/,
    "expected lower-case letters, digits, hyphens and underscores, at most 63",
  );

/** As the superuser, over the local socket. SQL goes in by standard input: no argument holds a secret. */
export const psqlCommand = (database: string, ...options: string[]): string[] => [
  ...["runuser", "-u", "postgres", "--", "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
  ...[...options, `--dbname=${database}`],
];

export const psql = (database: string, ...statements: string[]): Operation & { kind: "run" } => ({
  kind: "run",
  command: psqlCommand(database),
  stdin: `${statements.join(";\n")};\n`,
});

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Rows of fields. Undefined where no server answers, or there is no such database: for example before it is made. */
export async function readRows(
  host: HostReads,
  database: string,
  sql: string,
): Promise<string[][] | undefined> {
  const options = ["--tuples-only", "--no-align", "--field-separator=\t"];
  const answer = await host.run(psqlCommand(database, ...options), { stdin: sql }).catch(() => undefined);
  if (answer?.code !== 0) return undefined;
  return answer.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

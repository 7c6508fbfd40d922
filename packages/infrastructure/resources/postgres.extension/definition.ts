import { z } from "zod";
import { notUndone, part, planOf, undoneBy } from "../parts.ts";
import { postgresName, psql, quoteName, quoteText } from "../psql.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const postgresExtensionSchema = z.strictObject({
  name: postgresName.describe("as CREATE EXTENSION knows it"),
  database: postgresName.describe("where"),
  schema: postgresName.optional().describe("where its objects go; absent: its own or the database's default"),
  version: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, "expected a version")
    .optional()
    .describe("exactly this version; absent: whichever is installed, or the default"),
});
export type PostgresExtensionProperties = z.output<typeof postgresExtensionSchema>;

export interface PostgresExtensionObserved {
  installed?: string | undefined;
  ours: boolean;
}

const postgresExtension: ResourceDefinition<PostgresExtensionProperties, PostgresExtensionObserved> = {
  type: "postgres.extension",
  schema: postgresExtensionSchema,
  plan: planExtension,
};
export default postgresExtension;

function planExtension(
  { installed, ours }: PostgresExtensionObserved,
  desired: PostgresExtensionProperties,
  wanted: Wanted,
): HostPlan {
  const { name, database, schema, version } = desired;
  const own = quoteName(name);
  if (wanted === "absent") {
    if (installed === undefined || !ours) return unchanged;
    const drop = undoneBy(
      psql(database, `drop extension ${own}`),
      `create extension ${own} version ${quoteText(installed)} cascade`,
    );
    return planOf("delete", part("version", installed, undefined, drop));
  }
  if (installed !== undefined) {
    if (version === undefined || version === installed) return unchanged;
    const sql = `alter extension ${own} update to ${quoteText(version)}`;
    const update = notUndone(psql(database, sql), `the extension ${name} does not go back to ${installed}`);
    return planOf("update", part("version", installed, version, update));
  }
  const words = [
    `create extension ${own}`,
    ...(schema === undefined ? [] : [`schema ${quoteName(schema)}`]),
    ...(version === undefined ? [] : [`version ${quoteText(version)}`]),
    "cascade",
  ];
  const create = undoneBy(psql(database, words.join(" ")), `drop extension if exists ${own}`);
  return planOf("create", part("version", undefined, version ?? "default", create));
}

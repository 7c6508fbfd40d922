import type { PropertyChange } from "@havn/model";
import { z } from "zod";
import { mariadb, mariadbName, quoteIdentifier } from "../mysql.ts";
import { notUndone, partlyUndoneBy, undoneBy } from "../parts.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

const word = z.string().regex(/^[a-z0-9_]+$/, "expected a name such as utf8mb4");

export const mariadbDatabaseSchema = z.strictObject({
  name: mariadbName.describe("name of the database"),
  characterSet: word.optional().describe("of new tables; absent: the server's own"),
  collation: word.optional().describe("order of texts in new tables; absent: the character set's own"),
  absent: z.boolean().default(false).describe("true: the database must not be there"),
});
export type MariadbDatabaseProperties = z.output<typeof mariadbDatabaseSchema>;

export interface MariadbDatabaseObserved {
  database?: { characterSet: string; collation: string } | undefined;
  ours: boolean;
}

const mariadbDatabase: ResourceDefinition<MariadbDatabaseProperties, MariadbDatabaseObserved> = {
  type: "mariadb.database",
  schema: mariadbDatabaseSchema,
  plan: planDatabase,
};
export default mariadbDatabase;

function planDatabase(
  { database, ours }: MariadbDatabaseObserved,
  desired: MariadbDatabaseProperties,
  wanted: Wanted,
): HostPlan {
  const { name, characterSet, collation, absent } = desired;
  const own = quoteIdentifier(name);
  if (absent || wanted === "absent") {
    if (!database || (!absent && !ours)) return unchanged;
    const changes = [{ property: "name", before: name }];
    return {
      action: "delete",
      changes,
      operations: [
        partlyUndoneBy(
          mariadb(`drop database ${own}`),
          `what was in the database ${name} is gone: it comes back empty`,
          `create database if not exists ${own} character set ${database.characterSet} collate ${database.collation}`,
        ),
      ],
    };
  }
  const changes: PropertyChange[] = database ? [] : [{ property: "name", after: name }];
  const words: string[] = [];
  for (const [property, after, sql] of [
    ["characterSet", characterSet, "character set"],
    ["collation", collation, "collate"],
  ] as const) {
    const before = database?.[property];
    if (after === undefined || after === before) continue;
    changes.push({ property, ...(before !== undefined && { before }), after });
    words.push(`${sql} ${after}`);
  }
  if (changes.length === 0) return unchanged;
  const sql = [database ? "alter database" : "create database", own, ...words].join(" ");
  const operation = database
    ? undoneBy(
        mariadb(sql),
        `alter database ${own} character set ${database.characterSet} collate ${database.collation}`,
      )
    : notUndone(mariadb(sql), `the database ${name} stays: it may hold data by now`);
  return { action: database ? "update" : "create", changes, operations: [operation] };
}

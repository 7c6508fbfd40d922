import { HavnError } from "@havn/model";
import { z } from "zod";
import { planOf, undoneBy } from "../parts.ts";
import { postgresName, psql, quoteName } from "../psql.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

/** What each kind of thing knows, in the words of PostgreSQL 13 to 18. */
const known = {
  database: ["CONNECT", "CREATE", "TEMPORARY"],
  schema: ["CREATE", "USAGE"],
  tables: ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"],
  sequences: ["SELECT", "UPDATE", "USAGE"],
} as const;

export const postgresGrantSchema = z.strictObject({
  role: postgresName.describe("who gets the rights"),
  database: postgresName.describe("where"),
  on: z
    .enum(["database", "schema", "tables", "sequences"])
    .describe("the database itself, a schema, or tables or sequences in a schema"),
  schema: postgresName.default("public").describe("where `on` is not the database"),
  objects: z
    .array(postgresName)
    .min(1)
    .optional()
    .describe("names of tables or sequences; absent: all that are in the schema"),
  privileges: z
    .array(z.string().regex(/^[A-Za-z]+$/, 'expected a privilege such as "SELECT", or "ALL"'))
    .min(1)
    .describe("what may be done"),
});
export type PostgresGrantProperties = z.output<typeof postgresGrantSchema>;

export interface PostgresGrantObserved {
  ours: boolean;
  /** Rights that were given to the role by name, of each thing; undefined where there is no server or database yet. */
  objects?: Record<string, string[]> | undefined;
}

const postgresGrant: ResourceDefinition<PostgresGrantProperties, PostgresGrantObserved> = {
  type: "postgres.grant",
  schema: postgresGrantSchema,
  plan: planGrant,
};
export default postgresGrant;

function planGrant(
  observed: PostgresGrantObserved,
  desired: PostgresGrantProperties,
  wanted: Wanted,
): HostPlan {
  const { database, objects: named, role } = desired;
  const privileges = privilegesOf(desired);
  const objects = observed.objects ?? {};
  if (wanted === "absent") {
    const held = heldOf(Object.values(objects), privileges);
    if (!observed.ours || held.length === 0) return unchanged;
    const sql = `revoke ${held.join(", ")} on ${target(desired)} from ${quoteName(role)}`;
    return planOf("delete", {
      changes: [{ property: "privileges", before: held }],
      operations: [
        undoneBy(psql(database, sql), `grant ${held.join(", ")} on ${target(desired)} to ${quoteName(role)}`),
      ],
    });
  }
  const names = named ?? Object.keys(objects);
  const lacking = names.filter((name) => privileges.some((one) => !objects[name]?.includes(one)));
  // Of a schema without tables, nothing can be missing; of what is not there yet, everything is.
  if (lacking.length === 0 && observed.objects) return unchanged;
  const held = (of: readonly string[]) =>
    heldOf(
      of.map((name) => objects[name] ?? []),
      privileges,
    );
  const before = held(lacking);
  const some = lacking.length < names.length ? [{ property: "objects", after: lacking }] : [];
  const sql = `grant ${privileges.join(", ")} on ${target(desired)} to ${quoteName(role)}`;
  return planOf(held(names).length === 0 ? "create" : "update", {
    changes: [
      { property: "privileges", ...(before.length > 0 && { before }), after: [...privileges] },
      ...some,
    ],
    operations: [undoneBy(psql(database, sql), ...revokes(desired, objects, lacking))],
  });
}

/** Takes back of each thing what the role did not have before. */
function revokes(
  desired: PostgresGrantProperties,
  objects: Record<string, string[]>,
  lacking: readonly string[],
): string[] {
  const privileges = privilegesOf(desired);
  const from = `from ${quoteName(desired.role)}`;
  if (desired.on === "database" || desired.on === "schema" || lacking.length === 0) {
    const held = heldOf(Object.values(objects), privileges);
    const given = privileges.filter((privilege) => !held.includes(privilege));
    return [`revoke ${given.join(", ")} on ${target(desired)} ${from}`];
  }
  return lacking.map((name) => {
    const given = privileges.filter((privilege) => !objects[name]?.includes(privilege));
    return `revoke ${given.join(", ")} on ${target({ ...desired, objects: [name] })} ${from}`;
  });
}

/** Those that the role has on at least one of them. */
const heldOf = (objects: readonly (readonly string[])[], privileges: readonly string[]): string[] =>
  privileges.filter((privilege) => objects.some((held) => held.includes(privilege)));

function privilegesOf({ on, privileges }: PostgresGrantProperties): readonly string[] {
  const all: readonly string[] = known[on];
  const names = privileges
    .map((privilege) => privilege.toUpperCase())
    .map((name) => (name === "TEMP" ? "TEMPORARY" : name));
  if (names.includes("ALL")) return all;
  const wrong = names.find((name) => !all.includes(name));
  if (wrong !== undefined)
    throw new HavnError(`There is no privilege ${wrong} on ${on}`, {
      detail: `It can be ${all.join(", ")}.`,
    });
  return all.filter((name) => names.includes(name));
}

function target({ on, database, schema, objects }: PostgresGrantProperties): string {
  if (on === "database") return `database ${quoteName(database)}`;
  if (on === "schema") return `schema ${quoteName(schema)}`;
  if (!objects) return `all ${on} in schema ${quoteName(schema)}`;
  const names = objects.map((name) => `${quoteName(schema)}.${quoteName(name)}`);
  return `${on === "tables" ? "table" : "sequence"} ${names.join(", ")}`;
}

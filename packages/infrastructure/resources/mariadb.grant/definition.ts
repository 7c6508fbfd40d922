import { z } from "zod";
import { accountOf, mariadb, mariadbHost, mariadbName, quoteIdentifier } from "../mysql.ts";
import { undoneBy } from "../parts.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const mariadbGrantSchema = z.strictObject({
  user: mariadbName.describe("who gets the rights"),
  from: mariadbHost.describe("where the user connects from, as in the user itself"),
  database: z.union([mariadbName, z.literal("*")]).describe('a database, or "*" for all'),
  table: z
    .union([mariadbName, z.literal("*")])
    .default("*")
    .describe('a table, or "*" for all'),
  privileges: z
    .array(z.string().regex(/^[A-Za-z ]+$/, 'expected a privilege such as "SELECT", or "ALL"'))
    .min(1)
    .describe("exactly what may be done there"),
  grantOption: z.boolean().default(false).describe("true: the user may hand the rights on"),
});
export type MariadbGrantProperties = z.output<typeof mariadbGrantSchema>;

export interface MariadbGrantObserved {
  /** What SHOW GRANTS tells of this database and table; undefined where that is nothing. */
  grant?: { privileges: string[]; grantOption: boolean } | undefined;
  ours: boolean;
}

const mariadbGrant: ResourceDefinition<MariadbGrantProperties, MariadbGrantObserved> = {
  type: "mariadb.grant",
  schema: mariadbGrantSchema,
  plan: planGrant,
};
export default mariadbGrant;

function planGrant(
  { grant, ours }: MariadbGrantObserved,
  desired: MariadbGrantProperties,
  wanted: Wanted,
): HostPlan {
  const { user, from, grantOption } = desired;
  const on = `on ${target(desired)}`;
  const account = accountOf(user, from);
  const before = grant && describe(grant.privileges, grant.grantOption);
  if (wanted === "absent") {
    if (!grant || !ours) return unchanged;
    const changes = [{ property: "privileges", before }];
    return {
      action: "delete",
      changes,
      operations: [undoneBy(mariadb(...revoke(grant, on, account)), giveBack(grant, on, account))],
    };
  }
  const names = desired.privileges.map(canonical);
  const privileges = names.includes("ALL PRIVILEGES") ? ["ALL PRIVILEGES"] : [...new Set(names)].sort();
  const after = describe(privileges, grantOption);
  if (before === after) return unchanged;
  const option = grantOption ? " with grant option" : "";
  const give = `grant ${privileges.join(", ")} ${on} to ${account}${option}`;
  const all = privileges.includes("ALL PRIVILEGES");
  const held = grant?.privileges ?? [];
  const extra = {
    privileges: all ? [] : held.filter((name) => !privileges.includes(name)),
    grantOption: grant?.grantOption === true && !grantOption,
  };
  // First give, so that nothing that is in use is missing for a moment; of ALL, single ones cannot be left.
  const take = revoke(extra, on, account);
  const statements = extra.privileges.includes("ALL PRIVILEGES") ? [...take, give] : [give, ...take];
  return {
    action: grant ? "update" : "create",
    changes: [{ property: "privileges", ...(before !== undefined && { before }), after }],
    operations: [
      undoneBy(
        mariadb(...statements),
        ...(grant ? [giveBack(grant, on, account)] : []),
        ...revoke(
          {
            privileges: privileges.filter((name) => !held.includes(name)),
            grantOption: grantOption && !grant?.grantOption,
          },
          on,
          account,
        ),
      ),
    ],
  };
}

const giveBack = (
  { privileges, grantOption }: NonNullable<MariadbGrantObserved["grant"]>,
  on: string,
  account: string,
): string => `grant ${privileges.join(", ")} ${on} to ${account}${grantOption ? " with grant option" : ""}`;

const revoke = (
  { privileges, grantOption }: NonNullable<MariadbGrantObserved["grant"]>,
  on: string,
  account: string,
): string[] => [
  ...(privileges.length > 0 ? [`revoke ${privileges.join(", ")} ${on} from ${account}`] : []),
  ...(grantOption ? [`revoke grant option ${on} from ${account}`] : []),
];

const describe = (privileges: readonly string[], grantOption: boolean): string =>
  [...[...privileges].sort(), ...(grantOption ? ["GRANT OPTION"] : [])].join(", ");

const canonical = (privilege: string) => {
  const name = privilege.trim().toUpperCase().replace(/\s+/g, " ");
  return name === "ALL" ? "ALL PRIVILEGES" : name;
};

/** In a grant for a whole database, _ and % would stand for any character. */
export function target({ database, table }: Pick<MariadbGrantProperties, "database" | "table">): string {
  if (database === "*") return "*.*";
  const name = table === "*" ? database.replace(/[_%]/g, "\\$&") : database;
  return `${quoteIdentifier(name)}.${table === "*" ? "*" : quoteIdentifier(table)}`;
}

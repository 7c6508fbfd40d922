import type { PropertyChange } from "@havn/model";
import { z } from "zod";
import { nothing, type Part, planOf, undoneBy } from "../parts.ts";
import { matchesPassword, scramVerifier } from "../postgres.database/scram.ts";
import { postgresName, psql, quoteName, quoteText } from "../psql.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const postgresRoleSchema = z.strictObject({
  name: postgresName.describe("name of the role"),
  password: textProperty.optional().describe("as a reference to a secret; absent: left as it is"),
  login: z.boolean().default(true).describe("whether it may sign in"),
  superuser: z.boolean().default(false).describe("true: no check applies to it"),
  createDatabases: z.boolean().default(false).describe("may make databases"),
  createRoles: z.boolean().default(false).describe("may make roles"),
  replication: z.boolean().default(false).describe("may stream changes"),
  connectionLimit: z.number().int().min(-1).default(-1).describe("of connections at a time; -1: none"),
  memberOf: z.array(postgresName).default([]).describe("roles whose rights it has; others are left"),
  absent: z.boolean().default(false).describe("true: the role must not be there"),
});
export type PostgresRoleProperties = Omit<z.output<typeof postgresRoleSchema>, "password"> & {
  password?: string;
};

const flags = {
  login: "login",
  superuser: "superuser",
  createDatabases: "createdb",
  createRoles: "createrole",
  replication: "replication",
} as const;
type Flag = keyof typeof flags;

export interface PostgresRoleObserved {
  ours: boolean;
  /** Undefined where there is no such role, or no server yet. */
  role?:
    | (Record<Flag, boolean> & { verifier: string; connectionLimit: number; memberOf: string[] })
    | undefined;
}

const postgresRole: ResourceDefinition<PostgresRoleProperties, PostgresRoleObserved> = {
  type: "postgres.role",
  schema: postgresRoleSchema,
  plan: planRole,
  secrets: ["password"],
};
export default postgresRole;

function planRole(observed: PostgresRoleObserved, desired: PostgresRoleProperties, wanted: Wanted): HostPlan {
  const { name, absent } = desired;
  const { role, ours } = observed;
  if (absent || wanted === "absent") {
    if (!role || (!absent && !ours)) return unchanged;
    return {
      action: "delete",
      changes: [{ property: "name", before: name }],
      operations: [undoneBy(psql("postgres", `drop role ${quoteName(name)}`), ...remake(name, role))],
    };
  }
  return planOf(role ? "update" : "create", planAttributes(role, desired), planMembership(role, desired));
}

/** All of them in one statement. */
function planAttributes(role: PostgresRoleObserved["role"], desired: PostgresRoleProperties): Part {
  const { name, password, connectionLimit } = desired;
  const changes: PropertyChange[] = [];
  const words: string[] = [];
  for (const flag of Object.keys(flags) as Flag[]) {
    // A role is made with none of these.
    if (desired[flag] === (role?.[flag] ?? false)) continue;
    changes.push({ property: flag, ...(role && { before: role[flag] }), after: desired[flag] });
    words.push(desired[flag] ? flags[flag] : `no${flags[flag]}`);
  }
  if (connectionLimit !== (role?.connectionLimit ?? -1)) {
    const before = role && { before: role.connectionLimit };
    changes.push({ property: "connectionLimit", ...before, after: connectionLimit });
    words.push(`connection limit ${connectionLimit}`);
  }
  if (password !== undefined && !(role && matchesPassword(role.verifier, password))) {
    changes.push({ property: "password", ...(role && { before: role.verifier }), after: password });
    words.push(`password '${scramVerifier(name, password)}'`);
  }
  if (role && words.length === 0) return nothing;
  if (!role) changes.unshift({ property: "name", after: name });
  const sql = [role ? "alter role" : "create role", quoteName(name), ...words].join(" ");
  const back = role
    ? ["alter role", quoteName(name), ...attributesOf(role)].join(" ")
    : `drop role if exists ${quoteName(name)}`;
  return { changes, operations: [undoneBy(psql("postgres", sql), back)] };
}

/** All that a role is, in the words that make it so. */
const attributesOf = (role: NonNullable<PostgresRoleObserved["role"]>): string[] => [
  ...(Object.keys(flags) as Flag[]).map((flag) => (role[flag] ? flags[flag] : `no${flags[flag]}`)),
  `connection limit ${role.connectionLimit}`,
  `password ${role.verifier === "" ? "null" : quoteText(role.verifier)}`,
];

const remake = (name: string, role: NonNullable<PostgresRoleObserved["role"]>): string[] => [
  ["create role", quoteName(name), ...attributesOf(role)].join(" "),
  ...(role.memberOf.length > 0
    ? [`grant ${role.memberOf.map(quoteName).join(", ")} to ${quoteName(name)}`]
    : []),
];

function planMembership(
  role: PostgresRoleObserved["role"],
  { name, memberOf }: PostgresRoleProperties,
): Part {
  const before = role?.memberOf ?? [];
  const missing = memberOf.filter((group) => !before.includes(group));
  if (missing.length === 0) return nothing;
  return {
    changes: [{ property: "memberOf", before, after: [...before, ...missing].sort() }],
    operations: [
      undoneBy(
        psql("postgres", `grant ${missing.map(quoteName).join(", ")} to ${quoteName(name)}`),
        `revoke ${missing.map(quoteName).join(", ")} from ${quoteName(name)}`,
      ),
    ],
  };
}

import type { PropertyChange } from "@havn/model";
import { z } from "zod";
import { notUndone, partlyUndoneBy, undoneBy } from "../parts.ts";
import { postgresName, psql as psqlIn, quoteName, quoteText } from "../psql.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";
import { matchesPassword, scramVerifier } from "./scram.ts";

export const postgresDatabaseSchema = z.strictObject({
  database: postgresName.describe("name of the database"),
  owner: postgresName.describe("role that owns it and may log in"),
  password: textProperty.describe("the role's password, as a reference to a secret"),
});
export type PostgresDatabaseProperties = Omit<z.output<typeof postgresDatabaseSchema>, "password"> & {
  password: string;
};

export interface PostgresDatabaseObserved {
  /** False where there is no server yet that takes connections over its socket. */
  reachable: boolean;
  /** The role's stored verifier, "" where it has none; undefined where there is no such role. */
  verifier?: string | undefined;
  canLogin?: boolean;
  /** Who owns the database; undefined where there is no such database. */
  owner?: string | undefined;
  /** The role owns other databases too. */
  ownsOthers?: boolean;
}

const postgresDatabase: ResourceDefinition<PostgresDatabaseProperties, PostgresDatabaseObserved> = {
  type: "postgres.database",
  schema: postgresDatabaseSchema,
  plan: planDatabase,
  secrets: ["password"],
};
export default postgresDatabase;

const psql = (...statements: string[]) => psqlIn("postgres", ...statements);

function planDatabase(
  observed: PostgresDatabaseObserved,
  desired: PostgresDatabaseProperties,
  wanted: Wanted,
): HostPlan {
  if (wanted === "absent") return planRemoval(observed, desired);
  const role = planRole(observed, desired);
  const database = planOwnership(observed, desired);
  const operations = [...role.operations, ...database.operations];
  if (operations.length === 0) return unchanged;
  return {
    action: observed.owner === undefined ? "create" : "update",
    changes: [...database.changes, ...role.changes],
    operations,
  };
}

interface Part {
  changes: PropertyChange[];
  operations: Operation[];
}

function planRole(observed: PostgresDatabaseObserved, { owner, password }: PostgresDatabaseProperties): Part {
  const known = observed.verifier !== undefined;
  const rightPassword = known && matchesPassword(observed.verifier ?? "", password);
  if (rightPassword && observed.canLogin) return { changes: [], operations: [] };
  const changes: PropertyChange[] = [];
  if (!known) changes.push({ property: "role", after: owner });
  else if (!observed.canLogin) changes.push({ property: "login", before: false, after: true });
  if (!rightPassword)
    changes.push({ property: "password", ...(known && { before: observed.verifier }), after: password });
  const verb = known ? "alter" : "create";
  const sql = `${verb} role ${quoteName(owner)} login password '${scramVerifier(owner, password)}'`;
  if (!known)
    return { changes, operations: [notUndone(psql(sql), `the role ${owner} stays: it owns a database`)] };
  const { verifier = "", canLogin } = observed;
  const before = verifier === "" ? "null" : quoteText(verifier);
  const back = `alter role ${quoteName(owner)} ${canLogin ? "login" : "nologin"} password ${before}`;
  return { changes, operations: [undoneBy(psql(sql), back)] };
}

function planOwnership(
  observed: PostgresDatabaseObserved,
  { database, owner }: PostgresDatabaseProperties,
): Part {
  if (observed.owner === owner) return { changes: [], operations: [] };
  if (observed.owner === undefined)
    return {
      changes: [
        { property: "database", after: database },
        { property: "owner", after: owner },
      ],
      operations: [
        notUndone(
          psql(`create database ${quoteName(database)} owner ${quoteName(owner)}`),
          `the database ${database} stays: it may hold data by now`,
        ),
      ],
    };
  return {
    changes: [{ property: "owner", before: observed.owner, after: owner }],
    operations: [
      undoneBy(
        psql(`alter database ${quoteName(database)} owner to ${quoteName(owner)}`),
        `alter database ${quoteName(database)} owner to ${quoteName(observed.owner)}`,
      ),
    ],
  };
}

function planRemoval(
  observed: PostgresDatabaseObserved,
  { database, owner }: PostgresDatabaseProperties,
): HostPlan {
  const operations: Operation[] = [];
  const changes: PropertyChange[] = [];
  if (observed.owner !== undefined) {
    changes.push({ property: "database", before: database });
    operations.push(
      partlyUndoneBy(
        psql(`drop database ${quoteName(database)} with (force)`),
        `what was in the database ${database} is gone: it comes back empty`,
        `create database ${quoteName(database)} owner ${quoteName(observed.owner)}`,
      ),
    );
  }
  if (observed.verifier !== undefined && !observed.ownsOthers) {
    changes.push({ property: "role", before: owner });
    const password = observed.verifier === "" ? "" : ` password ${quoteText(observed.verifier)}`;
    const login = observed.canLogin ? "login" : "nologin";
    operations.push(
      undoneBy(psql(`drop role ${quoteName(owner)}`), `create role ${quoteName(owner)} ${login}${password}`),
    );
  }
  return operations.length === 0 ? unchanged : { action: "delete", changes, operations };
}

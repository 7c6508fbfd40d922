import { type Handle, isHandle, nameOf } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { PostgresHandle } from "./postgres.ts";
import type { Text } from "./references.ts";

interface AbsentOptions {
  /**
   * True: it must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

export interface PostgresRoleOptions extends HostResourceOptions, AbsentOptions {
  /**
   * Its password, as a secret. Default: left as it is.
   * @example password: secret("reporter-password")
   */
  password?: Text;
  /**
   * Whether it may sign in. Default: true.
   * @example login: false
   */
  login?: boolean;
  /**
   * True: no check applies to it. Default: false.
   * @example superuser: true
   */
  superuser?: boolean;
  /**
   * True: it may make databases. Default: false.
   * @example createDatabases: true
   */
  createDatabases?: boolean;
  /**
   * True: it may make roles. Default: false.
   * @example createRoles: true
   */
  createRoles?: boolean;
  /**
   * True: it may stream changes, as a standby does. Default: false.
   * @example replication: true
   */
  replication?: boolean;
  /**
   * Most connections at a time; -1: any number. Default: -1.
   * @example connectionLimit: 5
   */
  connectionLimit?: number;
  /**
   * Roles whose rights it has. Others that it has stay. Default: none.
   * @example memberOf: ["pg_read_all_data"]
   */
  memberOf?: readonly (PostgresRoleHandle | string)[];
}

/** A role of a PostgreSQL server. */
export interface PostgresRoleHandle extends Handle {
  readonly type: "postgres.role";
}

/**
 * A role of the PostgreSQL server on a host. When it is no longer declared it is removed only if Havn made it.
 *
 * @example
 * const reporter = postgresRole("reporter", { host: db1, password: secret("reporter"), dependsOn: db });
 */
export function postgresRole(name: string, options: PostgresRoleOptions): PostgresRoleHandle {
  const groups = options.memberOf && [...options.memberOf];
  return declareOnHost("postgres.role", name, options, {
    fixed: { name, memberOf: groups?.map(nameOf) },
    uses: groups ?? [],
  });
}

export interface PostgresGrantOptions extends HostResourceOptions {
  /**
   * Who gets the rights.
   * @example role: reporter
   */
  role: PostgresRoleHandle | string;
  /**
   * In which database.
   * @example database: db
   */
  database: PostgresHandle | string;
  /**
   * On the database itself, a schema, or tables or sequences in a schema.
   * @example on: "tables"
   */
  on: "database" | "schema" | "tables" | "sequences";
  /**
   * Which schema, where `on` is not the database. Default: "public".
   * @example schema: "sales"
   */
  schema?: string;
  /**
   * Names of tables or sequences. Default: all that are in the schema.
   * @example objects: ["orders", "items"]
   */
  objects?: readonly string[];
  /**
   * What may be done; "ALL" for everything.
   * @example privileges: ["SELECT"]
   */
  privileges: readonly string[];
}

/** Rights of a role in a PostgreSQL database. */
export interface PostgresGrantHandle extends Handle {
  readonly type: "postgres.grant";
}

/**
 * Rights of a role in a PostgreSQL database; other rights that it has stay. When they are no longer declared they are
 * taken back only if Havn gave them.
 *
 * @example
 * postgresGrant("reports", { host: db1, role: reporter, database: db, on: "tables", privileges: ["SELECT"] });
 */
export function postgresGrant(name: string, options: PostgresGrantOptions): PostgresGrantHandle {
  const { role, database } = options;
  return declareOnHost("postgres.grant", name, options, {
    fixed: { role: nameOf(role), database: databaseIn(database) },
    uses: [role, database],
  });
}

export interface PostgresExtensionOptions extends HostResourceOptions {
  /**
   * In which database.
   * @example database: db
   */
  database: PostgresHandle | string;
  /**
   * Where its objects go. Default: its own schema, or the database's default.
   * @example schema: "public"
   */
  schema?: string;
  /**
   * Exactly this version. Default: whichever is installed, or the default of the server's packages.
   * @example version: "1.6"
   */
  version?: string;
}

/** An extension in a PostgreSQL database. */
export interface PostgresExtensionHandle extends Handle {
  readonly type: "postgres.extension";
}

/**
 * An extension in a PostgreSQL database. When it is no longer declared it is dropped only if Havn made it and nothing
 * uses it.
 *
 * @example postgresExtension("pg_trgm", { host: db1, database: db });
 */
export function postgresExtension(name: string, options: PostgresExtensionOptions): PostgresExtensionHandle {
  const database = databaseIn(options.database);
  return declareOnHost("postgres.extension", `${database}:${name}`, options, {
    fixed: { name, database },
    uses: [options.database],
  });
}

const databaseIn = (database: PostgresHandle | string) => (isHandle(database) ? database.database : database);

export interface MariadbDatabaseOptions extends HostResourceOptions, AbsentOptions {
  /**
   * Character set of new tables. Default: the server's own.
   * @example characterSet: "utf8mb4"
   */
  characterSet?: string;
  /**
   * Order of texts in new tables. Default: the character set's own.
   * @example collation: "utf8mb4_unicode_ci"
   */
  collation?: string;
}

/** A database of a MariaDB server. */
export interface MariadbDatabaseHandle extends Handle {
  readonly type: "mariadb.database";
}

/**
 * A database of the MariaDB server on a host (Debian's mariadb-server). When it is no longer declared it is dropped
 * only if Havn made it.
 *
 * @example const orders = mariadbDatabase("orders", { host: db1, characterSet: "utf8mb4", dependsOn: server });
 */
export function mariadbDatabase(name: string, options: MariadbDatabaseOptions): MariadbDatabaseHandle {
  return declareOnHost("mariadb.database", name, options, { fixed: { name } });
}

export interface MariadbUserOptions extends HostResourceOptions, AbsentOptions {
  /**
   * Where the user connects from. Default: "localhost".
   * @example from: "10.0.0.%"
   */
  from?: string;
  /**
   * The user's password, as a secret. Default: none; the user of the same name on the host itself signs in by the socket.
   * @example password: secret("orders-password")
   */
  password?: Text;
}

/** A user of a MariaDB server. */
export interface MariadbUserHandle extends Handle {
  readonly type: "mariadb.user";
  readonly user: string;
  /** Where the user connects from. */
  readonly from: string;
}

/**
 * A user of the MariaDB server on a host. When it is no longer declared it is dropped only if Havn made it.
 *
 * @example const shop = mariadbUser("shop", { host: db1, from: "10.0.0.%", password: secret("shop-mariadb") });
 */
export function mariadbUser(user: string, options: MariadbUserOptions): MariadbUserHandle {
  const { from = "localhost" } = options;
  const handle = declareOnHost("mariadb.user", `${user}@${from}`, options, { fixed: { name: user, from } });
  return { ...handle, user, from };
}

export interface MariadbGrantOptions extends HostResourceOptions {
  /**
   * Who gets the rights.
   * @example user: shop
   */
  user: MariadbUserHandle | string;
  /**
   * Where the user connects from, if `user` is a name. Default: "localhost".
   * @example from: "10.0.0.%"
   */
  from?: string;
  /**
   * In which database; "*" for all.
   * @example database: orders
   */
  database: MariadbDatabaseHandle | string;
  /**
   * On which table; "*" for all. Default: "*".
   * @example table: "items"
   */
  table?: string;
  /**
   * Exactly what may be done there; "ALL" for everything.
   * @example privileges: ["SELECT", "INSERT"]
   */
  privileges: readonly string[];
  /**
   * True: the user may hand the rights on. Default: false.
   * @example grantOption: true
   */
  grantOption?: boolean;
}

/** Rights of a user in a MariaDB database. */
export interface MariadbGrantHandle extends Handle {
  readonly type: "mariadb.grant";
}

/**
 * Rights of a user in a MariaDB database or on one of its tables. When they are no longer declared they are taken back
 * only if Havn gave them.
 *
 * @example mariadbGrant("orders", { host: db1, user: shop, database: orders, privileges: ["ALL"] });
 */
export function mariadbGrant(name: string, options: MariadbGrantOptions): MariadbGrantHandle {
  const { user, from, database } = options;
  return declareOnHost("mariadb.grant", name, options, {
    fixed: isHandle(user)
      ? { user: user.user, from: user.from, database: nameOf(database) }
      : { user, from, database: nameOf(database) },
    uses: [user, database],
  });
}

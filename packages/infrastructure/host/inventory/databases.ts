import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { InventoryItem } from "@havn/model";
import { readMariadb } from "../../resources/mysql.ts";
import { psqlCommand, readRows } from "../../resources/psql.ts";
import { findText } from "../../resources/read-files.ts";
import type { HostReads } from "../../resources/type.ts";
import type { Found } from "./index.ts";

export async function readDatabases(host: HostReads): Promise<Found> {
  const [postgres, mariadb] = await Promise.all([readPostgres(host), readMaria(host)]);
  return { items: [...postgres.items, ...mariadb.items], notes: [...postgres.notes, ...mariadb.notes] };
}

const item = (type: string, name: string, properties: Record<string, unknown>): InventoryItem => ({
  kind: "databases",
  ...{ type, name, properties },
});

const roles = `
select r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolconnlimit,
  coalesce((select string_agg(g.rolname, ',' order by g.rolname) from pg_auth_members m
    join pg_roles g on g.oid = m.roleid where m.member = r.oid), '')
from pg_roles r where r.rolname !~ '^pg_' and r.rolname <> 'postgres' order by 1;
`;

async function readPostgres(host: HostReads): Promise<Found> {
  const found: Found = { items: [], notes: [] };
  // Where there is no such program or user, there is no server to ask.
  if (!(await host.files.stat("/usr/bin/psql")) || psqlCommand("postgres").length === 0) return found;
  for (const [name = "", ...row] of (await readRows(host, "postgres", roles)) ?? []) {
    const [login, superuser, createDatabases, createRoles, replication] = row.map((field) => field === "t");
    const [limit, groups = ""] = row.slice(5);
    const properties = {
      name,
      ...(!login && { login: false }),
      ...Object.fromEntries(
        Object.entries({ superuser, createDatabases, createRoles, replication }).filter(([, is]) => is),
      ),
      ...(limit !== "-1" && { connectionLimit: Number(limit) }),
      ...(groups !== "" && { memberOf: groups.split(",") }),
    };
    found.items.push(item("postgres.role", name, properties));
  }
  const databases = await readRows(
    host,
    "postgres",
    "select datname from pg_database where not datistemplate order by 1;",
  );
  for (const [database = ""] of databases ?? []) {
    const extensions = await readRows(
      host,
      database,
      "select extname from pg_extension where extname <> 'plpgsql' order by 1;",
    );
    for (const [name = ""] of extensions ?? [])
      found.items.push(item("postgres.extension", `${database}:${name}`, { name, database }));
    if (database !== "postgres")
      found.notes.push({
        kind: "databases",
        name: `PostgreSQL database ${database}`,
        note: "is left as it is: postgres() declares its server and its owner's password too, and drops it when it goes",
      });
  }
  return found;
}

async function readMaria(host: HostReads): Promise<Found> {
  const found: Found = { items: [], notes: [] };
  if (!(await host.files.stat("/usr/bin/mariadb"))) return found;
  const databases = await readMariadb(
    host,
    "select schema_name, default_character_set_name, default_collation_name from information_schema.schemata " +
      "where schema_name not in ('mysql', 'information_schema', 'performance_schema', 'sys') order by 1;",
  );
  for (const [name = "", characterSet, collation] of databases ?? [])
    found.items.push(item("mariadb.database", name, { name, characterSet, collation }));
  const users = await readMariadb(
    host,
    "select user, host, plugin from mysql.user where is_role = 'N' and user not in ('mariadb.sys', 'root', 'mysql', '') order by 1, 2;",
  );
  for (const [name = "", from = "", plugin] of users ?? [])
    if (plugin === "unix_socket") found.items.push(item("mariadb.user", `${name}@${from}`, { name, from }));
    else
      found.notes.push({
        kind: "databases",
        name: `MariaDB user ${name}@${from}`,
        note: "is left as it is: its password is known to nobody here. Declare it with a secret of Havn's to change it",
      });
  return found;
}

/** Packages of programming languages that are there for the whole host, and those of virtual environments. */
export async function readLanguages(host: HostReads): Promise<Found> {
  const [npm, pip] = await Promise.all([readNpm(host), readPip()]);
  return { items: [...npm.items, ...pip.items], notes: pip.notes };
}

const language = (type: string, name: string, properties: Record<string, unknown>): InventoryItem => ({
  kind: "languages",
  ...{ type, name, properties },
});

async function readNpm(host: HostReads): Promise<Found> {
  const nothing: Found = { items: [], notes: [] };
  if (!(await host.files.stat("/usr/bin/npm")) && !(await host.files.stat("/usr/local/bin/npm")))
    return nothing;
  const { code, stdout } = await host.run(["npm", "root", "--global"]).catch(() => ({ code: 1, stdout: "" }));
  if (code !== 0) return nothing;
  const folder = stdout.trim();
  const names = (await list(folder)).filter(
    (name) => !name.startsWith(".") && name !== "npm" && name !== "corepack",
  );
  const scoped = await Promise.all(
    names.map(async (name) =>
      name.startsWith("@") ? (await list(join(folder, name))).map((one) => `${name}/${one}`) : [name],
    ),
  );
  for (const name of scoped.flat()) {
    const version = await versionOf(join(folder, name, "package.json"));
    if (version) nothing.items.push(language("npm.package", name, { name, version }));
  }
  return nothing;
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { version } = JSON.parse((await findText(path)) ?? "{}") as { version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    // Not a package's own description: nothing that could be declared.
    return undefined;
  }
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function readPip(): Promise<Found> {
  const found: Found = { items: [], notes: [] };
  for (const root of ["/opt", "/srv", "/usr/local"])
    for (const name of await list(root)) {
      const environment = join(root, name);
      if ((await findText(join(environment, "pyvenv.cfg"))) === undefined) continue;
      for (const [one, version] of await distributionsIn(join(environment, "lib"), "site-packages"))
        if (!["pip", "setuptools", "wheel"].includes(one))
          found.items.push(
            language("pip.package", `${environment}:${one}`, { name: one, environment, version }),
          );
    }
  for (const [name, version] of await distributionsIn("/usr/local/lib", "dist-packages"))
    found.notes.push({
      kind: "languages",
      name: `Python package ${name} ${version}`,
      note: "stands in the whole host's Python: pipPackage() keeps packages in virtual environments",
    });
  return found;
}

async function distributionsIn(library: string, folder: string): Promise<[name: string, version: string][]> {
  const versions = (await list(library)).filter((name) => name.startsWith("python"));
  const names = await Promise.all(versions.map((version) => list(join(library, version, folder))));
  return names.flat().flatMap((entry) => {
    const [, name, version] = /^(.+)-([^-]+)\.dist-info$/.exec(entry) ?? [];
    return name && version ? [[name, version] as [string, string]] : [];
  });
}

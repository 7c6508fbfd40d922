import { quoteText, readRows } from "../psql.ts";
import type { ResourceReader } from "../type.ts";
import type { PostgresGrantObserved, PostgresGrantProperties } from "./definition.ts";

const reader: ResourceReader<PostgresGrantProperties, PostgresGrantObserved> = {
  async read(resources, host) {
    const databases = [...new Set(resources.map(({ properties }) => properties.database))];
    const answers = new Map(
      await Promise.all(
        databases.map(async (database) => {
          const own = resources.filter(({ properties }) => properties.database === database);
          const sql = own.map(({ address, properties }) => question(address, properties)).join("\n");
          return [database, await readRows(host, database, sql)] as const;
        }),
      ),
    );
    return resources.map(({ address, properties }) => {
      const rows = answers.get(properties.database)?.filter(([of]) => of === address);
      const objects = rows?.map(
        ([, name = "", held = ""]) => [name, held.split(",").filter(Boolean)] as const,
      );
      return { ours: host.isOurs(address), objects: objects && Object.fromEntries(objects) };
    });
  },
};
export default reader;

/** One row for each thing: which resource asks, its name, what the role was given on it. */
function question(address: string, { role, database, on, schema }: PostgresGrantProperties): string {
  const { name, acl, from } = things(on, schema, database);
  return `select ${quoteText(address)}, ${name}, coalesce((select string_agg(privilege_type, ',')
    from aclexplode(${acl}) where grantee = to_regrole(${quoteText(`"${role}"`)})), '') from ${from};`;
}

function things(on: PostgresGrantProperties["on"], schema: string, database: string) {
  const named = quoteText(schema);
  switch (on) {
    case "database":
      return { name: "datname", acl: "datacl", from: `pg_database where datname = ${quoteText(database)}` };
    case "schema":
      return { name: "nspname", acl: "nspacl", from: `pg_namespace where nspname = ${named}` };
    case "tables":
    case "sequences": {
      const kinds = on === "tables" ? "'r', 'p', 'v', 'm', 'f'" : "'S'";
      const from = `pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${named} and c.relkind in (${kinds})`;
      return { name: "c.relname", acl: "c.relacl", from };
    }
  }
}

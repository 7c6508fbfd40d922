import { readRows } from "../psql.ts";
import type { ResourceReader } from "../type.ts";
import type { PostgresExtensionObserved, PostgresExtensionProperties } from "./definition.ts";

const reader: ResourceReader<PostgresExtensionProperties, PostgresExtensionObserved> = {
  async read(resources, host) {
    const databases = [...new Set(resources.map(({ properties }) => properties.database))];
    const installed = new Map(
      await Promise.all(
        databases.map(async (database) => {
          const rows = await readRows(host, database, "select extname, extversion from pg_extension;");
          return [database, new Map(rows?.map(([name = "", version = ""]) => [name, version]))] as const;
        }),
      ),
    );
    return resources.map(({ address, properties: { database, name } }) => ({
      installed: installed.get(database)?.get(name),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;

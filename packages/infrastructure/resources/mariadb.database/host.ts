import { readMariadb } from "../mysql.ts";
import type { ResourceReader } from "../type.ts";
import type { MariadbDatabaseObserved, MariadbDatabaseProperties } from "./definition.ts";

const question =
  "select schema_name, default_character_set_name, default_collation_name from information_schema.schemata;";

const reader: ResourceReader<MariadbDatabaseProperties, MariadbDatabaseObserved> = {
  async read(resources, host) {
    const rows = (await readMariadb(host, question)) ?? [];
    const databases = new Map(
      rows.map(([name = "", characterSet = "", collation = ""]) => [name, { characterSet, collation }]),
    );
    return resources.map(({ address, properties }) => ({
      database: databases.get(properties.name),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;

import { readMariadb } from "../mysql.ts";
import type { ResourceReader } from "../type.ts";
import type { MariadbUserObserved, MariadbUserProperties } from "./definition.ts";

const question = `select User, Host, json_value(Priv, '$.plugin'),
  coalesce(json_value(Priv, '$.authentication_string'), '') from mysql.global_priv;`;

const reader: ResourceReader<MariadbUserProperties, MariadbUserObserved> = {
  async read(resources, host) {
    const rows = (await readMariadb(host, question)) ?? [];
    const users = new Map(
      rows.map(([name, from, plugin = "", verifier = ""]) => [`${name}@${from}`, { plugin, verifier }]),
    );
    return resources.map(({ address, properties: { name, from } }) => ({
      user: users.get(`${name}@${from}`),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;

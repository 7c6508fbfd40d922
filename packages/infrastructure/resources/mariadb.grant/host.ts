import { accountOf, readMariadb } from "../mysql.ts";
import type { ResourceReader } from "../type.ts";
import { type MariadbGrantObserved, type MariadbGrantProperties, target } from "./definition.ts";

const reader: ResourceReader<MariadbGrantProperties, MariadbGrantObserved> = {
  async read(resources, host) {
    const known = new Set(
      (await readMariadb(host, "select User, Host from mysql.global_priv;"))?.map((row) => row.join("@")),
    );
    const asked = resources
      .map(({ properties }) => properties)
      .filter((one) => known.has(`${one.user}@${one.from}`));
    const accounts = [...new Set(asked.map(({ user, from }) => accountOf(user, from)))];
    const sql = accounts.map((account) => `select '#', "${account}"; show grants for ${account};`).join("\n");
    const grants = parseGrants(accounts.length === 0 ? [] : ((await readMariadb(host, sql)) ?? []));
    return resources.map(({ address, properties }) => ({
      grant: grants.get(`${accountOf(properties.user, properties.from)} ${target(properties)}`),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;

/** Lines such as GRANT SELECT, INSERT ON `shop`.* TO …, after a line that tells whose they are. */
export function parseGrants(
  rows: readonly string[][],
): Map<string, NonNullable<MariadbGrantObserved["grant"]>> {
  const grants = new Map<string, NonNullable<MariadbGrantObserved["grant"]>>();
  let account = "";
  for (const row of rows) {
    if (row[0] === "#") account = row[1] ?? "";
    const [, list, on, rest = ""] =
      /^GRANT (.+) ON ((?:`(?:[^`]|``)*`|\*)\.(?:`(?:[^`]|``)*`|\*)) TO (.*)$/.exec(row[0] ?? "") ?? [];
    if (!list || !on) continue;
    const privileges = list.split(", ").filter((name) => name !== "USAGE");
    const grantOption = rest.includes(" WITH GRANT OPTION");
    // USAGE alone says only that the account is there.
    if (privileges.length > 0 || grantOption) grants.set(`${account} ${on}`, { privileges, grantOption });
  }
  return grants;
}

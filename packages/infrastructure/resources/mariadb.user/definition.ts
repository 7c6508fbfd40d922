import { createHash } from "node:crypto";
import { z } from "zod";
import { accountOf, mariadb, mariadbHost, mariadbName, quoteString } from "../mysql.ts";
import { undoneBy } from "../parts.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const mariadbUserSchema = z.strictObject({
  name: mariadbName.describe("name of the user"),
  from: mariadbHost.describe(
    'where the user connects from: a host, an address, "10.0.0.%", "%" for anywhere',
  ),
  password: textProperty
    .optional()
    .describe(
      "as a reference to a secret; absent: the user of the same name on the host itself, by the socket",
    ),
  absent: z.boolean().default(false).describe("true: the user must not be there"),
});
export type MariadbUserProperties = Omit<z.output<typeof mariadbUserSchema>, "password"> & {
  password?: string;
};

export interface MariadbUserObserved {
  /** How the user signs in; undefined where there is no such user, or no server yet. */
  user?: { plugin: string; verifier: string } | undefined;
  ours: boolean;
}

const mariadbUser: ResourceDefinition<MariadbUserProperties, MariadbUserObserved> = {
  type: "mariadb.user",
  schema: mariadbUserSchema,
  plan: planUser,
  secrets: ["password"],
};
export default mariadbUser;

const sha1 = (data: string | Buffer) => createHash("sha1").update(data).digest();

/** What MariaDB keeps of a password, and takes in its place, so that the password itself never reaches it. */
const verifierOf = (password: string) => `*${sha1(sha1(password)).toString("hex").toUpperCase()}`;

function planUser(
  { user, ours }: MariadbUserObserved,
  desired: MariadbUserProperties,
  wanted: Wanted,
): HostPlan {
  const { name, from, password, absent } = desired;
  const account = accountOf(name, from);
  if (absent || wanted === "absent") {
    if (!user || (!absent && !ours)) return unchanged;
    const changes = [{ property: "name", before: name }];
    return {
      action: "delete",
      changes,
      operations: [undoneBy(mariadb(`drop user ${account}`), `create user ${account} ${identified(user)}`)],
    };
  }
  const plugin = password === undefined ? "unix_socket" : "mysql_native_password";
  const verifier = password === undefined ? "" : verifierOf(password);
  if (user?.plugin === plugin && (password === undefined || user.verifier === verifier)) return unchanged;
  const using = password === undefined ? "" : ` using '${verifier}'`;
  const sql = `${user ? "alter" : "create"} user ${account} identified via ${plugin}${using}`;
  const change =
    password === undefined
      ? { property: "plugin", ...(user && { before: user.plugin }), after: plugin }
      : { property: "password", ...(user && { before: user.verifier }), after: password };
  return {
    action: user ? "update" : "create",
    changes: user ? [change] : [{ property: "name", after: name }, change],
    operations: [
      undoneBy(
        mariadb(sql),
        user ? `alter user ${account} ${identified(user)}` : `drop user if exists ${account}`,
      ),
    ],
  };
}

const identified = ({ plugin, verifier }: NonNullable<MariadbUserObserved["user"]>): string =>
  `identified via ${plugin}${verifier === "" ? "" : ` using ${quoteString(verifier)}`}`;

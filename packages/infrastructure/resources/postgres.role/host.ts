import { readRows } from "../psql.ts";
import type { ResourceReader } from "../type.ts";
import type { PostgresRoleObserved, PostgresRoleProperties } from "./definition.ts";

const question = `
select r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolconnlimit,
  coalesce(r.rolpassword, ''), coalesce(string_agg(g.rolname, ',' order by g.rolname), '')
from pg_authid r left join pg_auth_members m on m.member = r.oid left join pg_authid g on g.oid = m.roleid
group by r.oid, r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication,
  r.rolconnlimit, r.rolpassword;
`;

const reader: ResourceReader<PostgresRoleProperties, PostgresRoleObserved> = {
  async read(resources, host) {
    const rows = (await readRows(host, "postgres", question)) ?? [];
    const roles = new Map(rows.map(([name = "", ...row]) => [name, parseRole(row)]));
    return resources.map(({ address, properties }) => ({
      ours: host.isOurs(address),
      role: roles.get(properties.name),
    }));
  },
};
export default reader;

function parseRole(row: readonly string[]): PostgresRoleObserved["role"] {
  const [login, superuser, createDatabases, createRoles, replication] = row.map((field) => field === "t");
  const [limit, verifier = "", groups = ""] = row.slice(5);
  return {
    login: login === true,
    superuser: superuser === true,
    createDatabases: createDatabases === true,
    createRoles: createRoles === true,
    replication: replication === true,
    connectionLimit: Number(limit),
    verifier,
    memberOf: groups.split(",").filter((group) => group !== ""),
  };
}

import { readRows } from "../psql.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import type { PostgresDatabaseObserved, PostgresDatabaseProperties } from "./definition.ts";

const reader: ResourceReader<PostgresDatabaseProperties, PostgresDatabaseObserved> = {
  async read(resources, host) {
    const server = await readServer(host);
    return resources.map(({ properties: { database, owner } }): PostgresDatabaseObserved => {
      if (!server) return { reachable: false };
      const role = server.roles.get(owner);
      return {
        reachable: true,
        verifier: role?.verifier,
        ...(role && { canLogin: role.canLogin }),
        owner: server.owners.get(database),
        ownsOthers: [...server.owners].some(([name, by]) => by === owner && name !== database),
      };
    });
  },
};
export default reader;

const question = `
select 'role', rolname, coalesce(rolpassword, ''), rolcanlogin from pg_authid;
select 'database', datname, pg_get_userbyid(datdba), '' from pg_database;
`;

interface Server {
  roles: Map<string, { verifier: string; canLogin: boolean }>;
  owners: Map<string, string>;
}

/** Undefined where there is no server that answers, for example before its package is installed. */
async function readServer(host: HostReads): Promise<Server | undefined> {
  const rows = await readRows(host, "postgres", question);
  if (!rows) return undefined;
  const server: Server = { roles: new Map(), owners: new Map() };
  for (const [kind, name = "", value = "", canLogin] of rows) {
    if (kind === "role") server.roles.set(name, { verifier: value, canLogin: canLogin === "t" });
    if (kind === "database") server.owners.set(name, value);
  }
  return server;
}

import type { HostReference, SecretReference, TextReference } from "@havn/model";
import {
  type CommonOptions,
  complain,
  declare,
  type Handle,
  listOf,
  nameOf,
  shared,
  whenDescribed,
} from "./environment.ts";
import { debianPackage, file, systemdUnit } from "./host-resources.ts";
import type { HostHandle } from "./hosts.ts";
import { callerLocation } from "./location.ts";
import { optionsOf } from "./options.ts";
import { comesFrom, joinText, type Text } from "./references.ts";
import { secret } from "./secrets.ts";

export interface PostgresOptions extends CommonOptions {
  /**
   * Where it runs. PostgreSQL is installed there; several databases on one host share it.
   * @example host: dbHost
   */
  host: HostHandle;
  /**
   * Who may connect, each with the database's own role and password: hosts, and addresses, networks (IPv4 and IPv6) or
   * domain names as text. Default: none but its own host.
   * @example allow: [web1, web2]
   * @example allow: ["10.1.0.0/16", "fd00:7::/64", "report.example.org"]
   */
  allow?: HostHandle | string | readonly (HostHandle | string)[];
  /**
   * Name of the database. Default: the name given first.
   * @example database: "orders"
   */
  database?: string;
  /**
   * Role that owns it and signs in. Default: the database's name.
   * @example user: "shop"
   */
  user?: string;
  /**
   * Major version, as the host's Debian has it. Default: 15 (Debian 12).
   * @example version: 15
   */
  version?: number;
}

/** A PostgreSQL database on a host. */
export interface PostgresHandle extends Handle {
  readonly type: "postgres.database";
  /** Reference to `postgres://user:password@address:5432/database`, its password a secret. */
  readonly url: TextReference;
  /** Reference to its host's IP address. */
  readonly host: HostReference;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Reference to the role's password. */
  readonly password: SecretReference;
}

const port = 5432;

/**
 * A PostgreSQL database on a host, its role and a generated password. Brings the Debian package, a configuration file,
 * who may connect, and the running server.
 *
 * @example
 * const db = postgres("shop", { host: dbHost, allow: web });
 * service("shop", { env: { DATABASE_URL: db.url }, … });
 */
export function postgres(name: string, options: PostgresOptions): PostgresHandle {
  const { host, allow, database = name, version = 15, dependsOn, ...rest } = options;
  const { user = database, ...unknown } = rest;
  rejectUnknown(name, unknown);
  const cluster = shared(`postgresql on ${nameOf(host)}`, () => declareCluster(host, version));
  cluster.rules.push(...listOf(allow).map((client) => ({ database, user, client })));
  const password = secret(`postgres-${nameOf(host)}-${name}`.toLowerCase().replace(/[^a-z0-9-]/g, "-"));
  const { address } = declare({
    type: "postgres.database",
    name,
    host,
    properties: { database, owner: user, password },
    after: [cluster.unit, ...listOf(dependsOn)],
  });
  comesFrom(password, [address]);
  const url = joinText([`postgres://${user}:`, password, "@", host.address, `:${port}/${database}`]);
  return {
    type: "postgres.database",
    name,
    resource: address,
    url,
    host: comesFrom({ ...host.address }, [address]),
    port,
    database,
    user,
    password,
  };
}

interface Cluster {
  rules: { database: string; user: string; client: HostHandle | string }[];
  unit: Handle;
}

/** The server that all databases of a host share. Who may connect is written once all of them are known. */
function declareCluster(host: HostHandle, version: number): Cluster {
  const location = callerLocation();
  const rules: Cluster["rules"] = [];
  const home = `/etc/postgresql/${version}/main`;
  const access = `${home}/havn_hba.conf`;
  const within = { host, location, dependsOn: debianPackage(`postgresql-${version}`, { host, location }) };
  const settings = file(`${home}/conf.d/havn.conf`, {
    ...within,
    content: `# Written by Havn.\nlisten_addresses = '*'\npassword_encryption = 'scram-sha-256'\nhba_file = '${access}'\n`,
  });
  const unitName = `postgresql@${version}-main.service`;
  const accessAddress = settings.resource.replace(settings.path, access);
  // Debian's generator enables the server of every cluster by itself.
  const unit = systemdUnit(unitName, {
    ...within,
    dependsOn: [within.dependsOn],
    enabled: null,
    restartOn: settings,
    reloadOn: accessAddress,
  });
  whenDescribed(() =>
    file(access, { ...within, group: "postgres", mode: "0640", content: joinText(accessRules(rules)) }),
  );
  return { rules, unit };
}

function accessRules(rules: Cluster["rules"]): Text[] {
  return [
    "# Written by Havn. Who may connect: type, database, role, address, method.\n",
    "local all postgres peer\nlocal all all peer\n",
    "host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n",
    ...rules.flatMap(({ database, user, client }): Text[] => [
      `host "${database}" "${user}" `,
      ...(typeof client === "string" ? [networkOf(client)] : [client.address, "/32"]),
      " scram-sha-256\n",
    ]),
  ];
}

/** As pg_hba.conf has it: an address alone stands for itself, a name is resolved by PostgreSQL. */
function networkOf(client: string): string {
  if (!/^[A-Za-z0-9.:/-]+$/.test(client))
    complain(
      `"${client}" is nobody who may connect`,
      'Write an address, a network ("10.1.0.0/16") or a domain name.',
    );
  if (client.includes("/")) return client;
  return client.includes(":") ? `${client}/128` : /^[\d.]+$/.test(client) ? `${client}/32` : client;
}

function rejectUnknown(name: string, unknown: object): void {
  for (const key of Object.keys(unknown))
    complain(
      `Unknown property "${key}" of postgres "${name}"`,
      `Remove it. Properties of postgres: ${optionsOf("postgres.database")?.join(", ")}.`,
    );
}

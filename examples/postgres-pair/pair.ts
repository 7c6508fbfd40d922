import { readFileSync } from "node:fs";
import {
  block,
  command,
  file,
  type Handle,
  type HostHandle,
  pkg,
  postgresRole,
  type SecretReference,
  script,
  systemdUnit,
  type Text,
  text,
} from "havn";

const version = 15;
const settingsFolder = `/etc/postgresql/${version}/main`;
const dataFolder = `/var/lib/postgresql/${version}/main`;
const unit = `postgresql@${version}-main.service`;

interface Passwords {
  replicator: SecretReference;
  owner: SecretReference;
  monitor: SecretReference;
}

export interface PrimaryOptions {
  /** Its owner has the same name. */
  database: string;
  standbys: readonly HostHandle[];
  passwords: Passwords;
}

/** The server that is written to. Gives what a standby waits for. */
export function primary(host: HostHandle, { database, standbys, passwords }: PrimaryOptions): Handle[] {
  const server = cluster(host, standbys);
  // A role made here comes to the standbys with everything else.
  const replicator = postgresRole("replicator", {
    ...{ host, replication: true, password: passwords.replicator, dependsOn: server },
  });
  postgresRole("monitor", {
    ...{ host, password: passwords.monitor, memberOf: ["pg_monitor"], connectionLimit: 3, dependsOn: server },
  });
  const owner = postgresRole(database, { host, password: passwords.owner, dependsOn: server });
  const made = command(`database ${database}`, {
    ...{ host, user: "postgres", dependsOn: owner },
    command: ["createdb", `--owner=${database}`, database],
    unless: asks(`select 1 from pg_database where datname = '${database}'`),
  });
  // A slot keeps what a standby has not fetched yet, up to max_slot_wal_keep_size: then it must be copied anew.
  const slots = standbys.map((standby) =>
    command(`slot of ${standby.name}`, {
      ...{ host, user: "postgres", dependsOn: server },
      command: psql(`select pg_create_physical_replication_slot('${slotOf(standby)}', true)`),
      unless: asks(`select 1 from pg_replication_slots where slot_name = '${slotOf(standby)}'`),
    }),
  );
  return [replicator, made, ...slots];
}

export interface StandbyOptions {
  of: HostHandle;
  /** What must be there on the primary. */
  after: readonly Handle[];
  passwords: Passwords;
}

/** A copy that follows its primary and answers questions. */
export function standby(host: HostHandle, { of, after, passwords }: StandbyOptions): Handle {
  const server = cluster(host, [of]);
  const passfile = file("/var/lib/postgresql/.pgpass", {
    ...{
      host,
      owner: "postgres",
      group: "postgres",
      mode: "0600",
      dependsOn: pkg(`postgresql-client-${version}`, { host, dependsOn: server }),
    },
    content: text`*:5432:*:replicator:${passwords.replicator}\n`,
  });
  // Done once, on an empty cluster only: see the script for what it refuses.
  return script("copy the primary", {
    ...{ host, dependsOn: [passfile, server, ...after], timeout: "60m" },
    content: readFileSync(new URL("copy-primary.sh", import.meta.url), "utf8"),
    env: { PRIMARY: of.address, SLOT: slotOf(host), DATA: dataFolder, CLUSTER: `${version} main` },
    creates: `${dataFolder}/standby.signal`,
  });
}

/** Package, settings, who may connect, and the running server: the same on both, so that either can be the primary. */
function cluster(host: HostHandle, others: readonly HostHandle[]): Handle {
  const installed = pkg(`postgresql-${version}`, { host });
  const settings = file(`${settingsFolder}/conf.d/pair.conf`, {
    ...{ host, dependsOn: installed, group: "postgres", mode: "0640" },
    content: readFileSync(new URL("pair.conf", import.meta.url), "utf8"),
  });
  const access = block(`${settingsFolder}/pg_hba.conf`, {
    ...{ host, name: "pair", dependsOn: installed },
    content: joined(
      others.map((other) => text`host replication replicator ${other.address}/32 scram-sha-256\n`),
    ),
  });
  return systemdUnit(unit, {
    ...{ host, dependsOn: installed, restartOn: settings, reloadOn: access },
    // Debian's generator enables the server of every cluster by itself.
    enabled: null,
  });
}

const slotOf = ({ name }: HostHandle): string => name.replaceAll("-", "_");
const psql = (statement: string): string[] => ["psql", "--no-psqlrc", "--quiet", `--command=${statement}`];
/** A guard: succeeds where the question has an answer. */
const asks = (question: string): string[] => [
  ...["sh", "-c", 'test "$(psql --no-psqlrc --tuples-only --no-align --command="$1")" = 1', "sh", question],
];
const joined = ([first = "", ...rest]: readonly Text[]): Text =>
  rest.reduce((sum: Text, one) => text`${sum}${one}`, first);

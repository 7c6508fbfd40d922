import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  mariadbDatabase,
  mariadbGrant,
  mariadbUser,
  package as pkg,
  postgres,
  postgresExtension,
  postgresGrant,
  postgresRole,
  secret,
} from "havn";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";
import { allAre, web } from "../testing/reports.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
  Object.assign(lab.secrets, {
    reporter: "reporter-password-of-the-lab",
    clerk: "clerk-password-of-the-lab",
    "postgres-web-1-shop": "shop-password-of-the-lab",
  });
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);

test("databases: roles, rights, extensions; MariaDB", async () => {
  const resources = lab.resourcesOf(() => {
    const web1 = web();
    const shop = postgres("shop", { host: web1 });
    const reporter = postgresRole("reporter", {
      host: web1,
      password: secret("reporter"),
      memberOf: ["pg_monitor"],
      dependsOn: shop,
    });
    postgresGrant("connect", {
      host: web1,
      role: reporter,
      database: shop,
      on: "database",
      privileges: ["CONNECT"],
    });
    postgresGrant("reports", {
      host: web1,
      role: reporter,
      database: shop,
      on: "tables",
      schema: "pg_catalog",
      objects: ["pg_authid"],
      privileges: ["SELECT"],
    });
    postgresExtension("pg_trgm", { host: web1, database: shop });
    const server = pkg("mariadb-server", { host: web1 });
    const orders = mariadbDatabase("orders_lab", { host: web1, characterSet: "utf8mb4", dependsOn: server });
    const clerk = mariadbUser("clerk", { host: web1, password: secret("clerk"), dependsOn: server });
    mariadbGrant("orders", { host: web1, user: clerk, database: orders, privileges: ["SELECT", "CREATE"] });
  });
  allAre(await lab.apply(resources), "changed");
  const { reporter, clerk } = lab.secrets;
  assert.equal(
    await on(
      `PGPASSWORD=${reporter} psql -h 127.0.0.1 -U reporter -d shop -Atc "select count(*) > 0 from pg_authid"`,
    ),
    "t",
  );
  assert.equal(
    await on("runuser -u postgres -- psql -d shop -Atc \"select similarity('havn', 'havn')\""),
    "1",
  );
  await on(`mariadb -uclerk -p${clerk} orders_lab -e 'create table t (n int); select * from t'`);
  allAre(await lab.apply(resources), "unchanged");

  await on(
    "runuser -u postgres -- psql -d shop -qc 'alter role reporter createdb; revoke select on pg_authid from reporter'",
  );
  await on(
    "mariadb -e \"grant insert on \\`orders\\\\_lab\\`.* to clerk@localhost; set password for clerk@localhost = password('x')\"",
  );
  const drift = await lab.drift(resources);
  const differs = drift.map(
    ({ address, changes: [change] }) => `${address.split("/")[1]} ${change?.property} ${change?.before}`,
  );
  assert.deepEqual(differs.sort(), [
    "mariadb.grant privileges CREATE, INSERT, SELECT",
    "mariadb.user password (secret)",
    "postgres.grant privileges undefined",
    "postgres.role createDatabases true",
  ]);
  await lab.apply(resources);
  assert.deepEqual(await lab.drift(resources), []);
  await on(
    `! journalctl --no-pager | grep -E '${reporter}|${clerk}'; ! grep -rE '${reporter}|${clerk}' /var/lib/havn-test /var/log`,
  );
  const typed = resources.filter(({ type }) => /^(mariadb|postgres)\./.test(type));
  allAre(await lab.apply([], typed.reverse()), "changed");
  assert.equal(
    await on(
      "mariadb -BNe \"select count(*) from mysql.global_priv where User = 'clerk'; show databases like 'orders%'\"",
    ),
    "0",
  );
});

import { type HostHandle, postgres, postgresGrant, postgresRole, secret } from "havn";

export default (web1: HostHandle): void => {
  const db = postgres("shop", { host: web1, allow: [web1] });
  const reporter = postgresRole("reporter", {
    host: web1,
    password: secret("reporter-password"),
    dependsOn: db,
  });
  postgresGrant("connect", {
    host: web1,
    role: reporter,
    database: db,
    on: "database",
    privileges: ["CONNECT"],
  });
};

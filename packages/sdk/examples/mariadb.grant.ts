import { type HostHandle, mariadbDatabase, mariadbGrant, mariadbUser, pkg, secret } from "havn";

export default (web1: HostHandle): void => {
  const server = pkg("mariadb-server", { host: web1 });
  const orders = mariadbDatabase("orders", { host: web1, characterSet: "utf8mb4", dependsOn: server });
  const clerk = mariadbUser("clerk", { host: web1, password: secret("clerk-password"), dependsOn: server });
  mariadbGrant("orders", { host: web1, user: clerk, database: orders, privileges: ["SELECT", "INSERT"] });
};

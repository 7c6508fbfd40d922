import { type HostHandle, mariadbDatabase, pkg } from "havn";

export default (web1: HostHandle): void => {
  const server = pkg("mariadb-server", { host: web1 });
  mariadbDatabase("orders", { host: web1, characterSet: "utf8mb4", dependsOn: server });
};

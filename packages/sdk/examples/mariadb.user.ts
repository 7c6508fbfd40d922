import { type HostHandle, mariadbUser, pkg, secret } from "havn";

export default (web1: HostHandle): void => {
  const server = pkg("mariadb-server", { host: web1 });
  mariadbUser("clerk", { host: web1, password: secret("clerk-password"), dependsOn: server });
};

import { type HostHandle, postgres, postgresRole, secret } from "havn";

export default (web1: HostHandle): void => {
  const db = postgres("shop", { host: web1, allow: [web1] });
  postgresRole("reporter", { host: web1, password: secret("reporter-password"), dependsOn: db });
};

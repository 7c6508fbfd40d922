import { type HostHandle, postgres, postgresExtension } from "havn";

export default (web1: HostHandle): void => {
  const db = postgres("shop", { host: web1, allow: [web1] });
  postgresExtension("pg_trgm", { host: web1, database: db });
};

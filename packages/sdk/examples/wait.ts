import { type HostHandle, waitFor } from "havn";

export default (web1: HostHandle): void => {
  waitFor("journal is up", { host: web1, file: { path: "/run/systemd/journal/socket" }, timeout: "30s" });
};

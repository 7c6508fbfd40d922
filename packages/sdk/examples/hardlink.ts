import { file, type HostHandle, hardLink } from "havn";

export default (web1: HostHandle): void => {
  const current = file("/var/cache/data-2026-11", { host: web1, content: "data\n" });
  hardLink("/var/cache/data-latest", { host: web1, target: current.path });
};

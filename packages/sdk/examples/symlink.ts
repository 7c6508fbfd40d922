import { type HostHandle, symlink } from "havn";

export default (web1: HostHandle): void => {
  symlink("/etc/current-release", { host: web1, target: "debian_version" });
};

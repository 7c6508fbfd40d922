import { assertion, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  assertion("debian 12", {
    host: web1,
    file: { path: "/etc/debian_version", contains: "^12" },
    message: "Only Debian 12 is known here: upgrade the host first",
  });
};

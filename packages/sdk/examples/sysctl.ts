import { type HostHandle, sysctl } from "havn";

export default (web1: HostHandle): void => {
  sysctl("net.ipv4.ip_forward", { host: web1, value: 1 });
};

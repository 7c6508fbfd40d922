import { type HostHandle, swap } from "havn";

export default (web1: HostHandle): void => {
  swap("/var/swapfile", { host: web1, size: "64M", priority: 10 });
};

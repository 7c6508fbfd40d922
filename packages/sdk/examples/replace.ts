import { file, type HostHandle, replace } from "havn";

export default (web1: HostHandle): void => {
  file("/etc/mirrors", { host: web1, touch: true });
  replace("/etc/mirrors", { host: web1, regexp: "^http://mirror\\.old", replacement: "https://mirror.new" });
};

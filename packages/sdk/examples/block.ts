import { block, file, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  file("/etc/issue.net", { host: web1, touch: true });
  block("/etc/issue.net", { host: web1, name: "notice", content: "Authorised use only.\n" });
};

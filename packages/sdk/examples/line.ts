import { file, type HostHandle, line } from "havn";

export default (web1: HostHandle): void => {
  file("/etc/tool.conf", { host: web1, touch: true });
  line("/etc/tool.conf", { host: web1, regexp: "^#?workers", line: "workers 4" });
};

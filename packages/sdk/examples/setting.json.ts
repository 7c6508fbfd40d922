import { type HostHandle, settingJson } from "havn";

export default (web1: HostHandle): void => {
  settingJson("/etc/tool.json", { host: web1, key: "log-opts.max-size", value: "10m", create: true });
};

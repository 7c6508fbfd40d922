import { type HostHandle, settingYaml } from "havn";

export default (web1: HostHandle): void => {
  settingYaml("/etc/tool.yaml", { host: web1, key: "network.version", value: 2, create: true });
};

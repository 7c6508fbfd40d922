import { type HostHandle, settingIni } from "havn";

export default (web1: HostHandle): void => {
  settingIni("/etc/tool.ini", { host: web1, section: "server", key: "port", value: 8080, create: true });
};

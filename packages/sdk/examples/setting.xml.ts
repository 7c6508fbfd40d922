import { type HostHandle, settingXml } from "havn";

export default (web1: HostHandle): void => {
  settingXml("/etc/tool.xml", { host: web1, key: "/Server/@port", value: 8080 });
};

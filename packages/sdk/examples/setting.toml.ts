import { type HostHandle, settingToml } from "havn";

export default (web1: HostHandle): void => {
  settingToml("/etc/tool.toml", {
    host: web1,
    key: "metrics.address",
    value: "127.0.0.1:1338",
    create: true,
  });
};

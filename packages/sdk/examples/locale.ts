import { type HostHandle, locale, pkg } from "havn";

export default (web1: HostHandle): void => {
  locale("de_DE.UTF-8", { host: web1, default: true, dependsOn: pkg("locales", { host: web1 }) });
};

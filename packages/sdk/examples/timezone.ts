import { type HostHandle, pkg, timezone } from "havn";

export default (web1: HostHandle): void => {
  timezone("Europe/Oslo", { host: web1, dependsOn: pkg("tzdata", { host: web1 }) });
};

import { group, type HostHandle, user } from "havn";

export default (web1: HostHandle): void => {
  const deploy = user("deploy", { host: web1 });
  group("readers", { host: web1, gid: 1600, members: [deploy, "www-data"] });
};

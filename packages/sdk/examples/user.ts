import { type HostHandle, user } from "havn";

export default (web1: HostHandle): void => {
  user("deploy", { host: web1, groups: ["adm"], comment: "Deployments", shell: "/bin/bash", locked: true });
};

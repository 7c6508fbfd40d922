import { type HostHandle, pkg, sudoRule, user } from "havn";

export default (web1: HostHandle): void => {
  const deploy = user("deploy", { host: web1 });
  sudoRule("deploy", {
    host: web1,
    user: deploy,
    commands: ["/usr/bin/systemctl restart shop"],
    noPassword: true,
    dependsOn: pkg("sudo", { host: web1 }),
  });
};

import { dpkgDiversion, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  dpkgDiversion("/usr/bin/whoami", { host: web1, to: "/usr/bin/whoami.debian" });
};

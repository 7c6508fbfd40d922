import { type HostHandle, reboot } from "havn";

export default (web1: HostHandle): void => {
  reboot("when packages ask for it", { host: web1, onFile: "/run/reboot-required" });
};

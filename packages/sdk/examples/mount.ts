import { type HostHandle, mount } from "havn";

export default (web1: HostHandle): void => {
  mount("/srv/scratch", { host: web1, device: "tmpfs", type: "tmpfs", options: "size=16m,nosuid,mode=0700" });
};

import { directory, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  directory("/srv/shop", { host: web1, owner: "www-data", group: "www-data", mode: "0750" });
};

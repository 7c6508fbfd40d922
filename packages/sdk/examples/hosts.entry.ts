import { type HostHandle, hostsEntry } from "havn";

export default (web1: HostHandle): void => {
  hostsEntry("db", { host: web1, address: "10.9.8.7", aliases: ["db.example.org"] });
  hostsEntry("db", { host: web1, address: "fd00::7" });
};

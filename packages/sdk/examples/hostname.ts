import { type HostHandle, hostname } from "havn";

export default (web1: HostHandle): void => {
  hostname("web-1.example.org", { host: web1 });
};

import { certificate, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  certificate("/etc/ssl/shop", { host: web1, names: ["shop.example.org", web1.address], renewBefore: 20 });
};

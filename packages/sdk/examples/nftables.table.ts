import { type HostHandle, nftablesTable, pkg } from "havn";

export default (web1: HostHandle): void => {
  nftablesTable("web", {
    host: web1,
    dependsOn: pkg("nftables", { host: web1 }),
    rules: `
      chain input {
        type filter hook input priority 0; policy accept;
        tcp dport 23 drop
      }`,
  });
};

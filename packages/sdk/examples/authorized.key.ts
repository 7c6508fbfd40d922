import { authorizedKey, type HostHandle, user } from "havn";

export default (web1: HostHandle): void => {
  const ann = user("ann", { host: web1, shell: "/bin/bash" });
  authorizedKey(ann, {
    host: web1,
    key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6xF1qkYs8qG6Sx2vW8bMOcJp0k3nNf0aL2J0xNdGtr ann@laptop",
    options: ['from="10.0.0.0/8"', "no-port-forwarding"],
  });
};

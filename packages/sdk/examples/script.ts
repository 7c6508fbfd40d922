import { type HostHandle, script } from "havn";

export default (web1: HostHandle): void => {
  script("prepare shop", {
    host: web1,
    content: "mkdir -p /var/lib/shop\necho ready > /var/lib/shop/prepared\n",
    creates: "/var/lib/shop/prepared",
  });
};

import { type HostHandle, postgres } from "havn";

export default (web1: HostHandle): void => {
  postgres("shop", { host: web1, allow: [web1] });
};

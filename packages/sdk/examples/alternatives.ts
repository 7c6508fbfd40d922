import { alternatives, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  alternatives("pager", { host: web1, path: "/bin/more" });
};

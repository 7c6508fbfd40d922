import { type HostHandle, kernelModule } from "havn";

export default (web1: HostHandle): void => {
  kernelModule("dccp", { host: web1, blocked: true });
};

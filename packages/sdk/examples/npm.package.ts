import { type HostHandle, npmPackage } from "havn";

export default (web1: HostHandle): void => {
  npmPackage("harbour-tool", { host: web1, version: "1.2.0", registry: "http://npm.example.org" });
};

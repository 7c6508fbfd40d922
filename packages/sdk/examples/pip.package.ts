import { type HostHandle, pipPackage, pkg } from "havn";

export default (web1: HostHandle): void => {
  pipPackage("harbour-tool", {
    host: web1,
    environment: "/opt/python-tools",
    version: "1.0",
    wheels: "/srv/wheels",
    dependsOn: pkg("python3-venv", { host: web1 }),
  });
};

import { type HostHandle, packageRepository } from "havn";

export default (web1: HostHandle): void => {
  packageRepository("debian-backports", {
    host: web1,
    uris: ["http://deb.debian.org/debian"],
    suites: ["bookworm-backports"],
    components: ["main"],
    keyFile: "/usr/share/keyrings/debian-archive-keyring.gpg",
  });
};

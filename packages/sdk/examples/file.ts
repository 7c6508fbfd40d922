import { file, type HostHandle, text } from "havn";

export default (web1: HostHandle): void => {
  file("/etc/motd", {
    host: web1,
    content: text`This is ${web1.name}, at ${web1.address}. Managed by Havn.\n`,
    mode: "0644",
    validate: ["grep", "-q", "Havn", "%s"],
    backup: true,
  });
};

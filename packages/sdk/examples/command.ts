import { command, file, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  const words = file("/etc/words", { host: web1, content: "harbour\n" });
  command("index words", {
    host: web1,
    command: ["sh", "-c", "sort /etc/words > /var/cache/words.index"],
    on: words,
  });
};

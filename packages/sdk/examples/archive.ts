import { archive, directory, download, type HostHandle } from "havn";

export default (web1: HostHandle): void => {
  directory("/opt/tool", { host: web1 });
  const tool = download("/var/cache/tool-1.2.tar.gz", {
    host: web1,
    url: "http://downloads.example.org/tool-1.2.tar.gz",
    sha256: "2992bb3d3529119286634f5b3836287729552ad6c1b9aea40c57ca7d286ed51a",
  });
  archive("/opt/tool", { host: web1, source: tool, strip: 1, creates: "/opt/tool/bin/tool" });
};

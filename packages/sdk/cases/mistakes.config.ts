import { alert, balancer, check, environment, file, host, machine, postgres, service, thisComputer } from "havn";

export const other = environment("other", {}, () => {
  thisComputer("elsewhere");
});

export default environment("shop", {}, () => {
  const web = host("web-1", { machine: machine("web-1") });
  host("web-1", { machine: "web-1" });
  host("nowhere", {});
  host("twin", { machine: "web-1" });
  const app = { source: "./app", command: ["node", "server.js"], port: 8080 };
  const shop = service("shop", { ...app, hosts: [web, "wbe-1"] });
  service("again", { ...app, hosts: web });
  service("near", { ...app, hosts: web, port: 8081 });
  balancer("shop", { host: web, service: shop });
  balancer("lost", { host: web, service: "shpo", port: 81 });
  balancer("second", { host: web, service: shop });
  service("slow", { ...app, hosts: web, port: 9000, stopGrace: "10 seconds", health: { path: "/", intervall: "1s" } as object });
  service("typo", { ...app, hosts: web, port: "80" as unknown as number, ...{ metrcs: "/metrics" } });
  file("etc/motd", { host: web, mode: "rw", ...{ contents: "x" } });
  file("/a", { host: web, dependsOn: "shop/file/web-1:/b" });
  file("/b", { host: web, dependsOn: "shop/file/web-1:/a" });
  file("/c", { host: web, dependsOn: "shop/file/web-1:/never" });
  postgres("Orders", { host: web, ...{ alow: [web] } });
  check("none", { from: "wbe-1" });
  alert("Bad Name", { expr: "up == 0", summary: "down", for: "soon" });
  const [elsewhere] = other.graph.resources;
  if (elsewhere)
    service("far", {
      ...app,
      port: 9100,
      hosts: { type: "host", name: elsewhere.name, resource: elsewhere.address, address: { $host: "x", attribute: "address" } },
    });
});

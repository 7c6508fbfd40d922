import { check, environment, host, machine, text } from "havn";
import { hardened } from "./hardened.ts";
import { site } from "./site.ts";

// One web server as it should face the internet. Needs root on Debian 12 or Ubuntu: sudo ./havn up examples/webserver
// For a server of your own write host("web-1", { ssh: { address: "192.0.2.10" }, mode: "enforce" }).
export default environment("webserver", { owner: "team-web" }, () => {
  // "enforce": what somebody changes by hand is mended, certificates are renewed before they end.
  const web = host("web-1", { machine: machine("web-1", { memory: "512M" }), mode: "enforce" });

  hardened(web, {
    ports: [22, 80, 443],
    // Public keys: whoever holds the private one signs in with it.
    admins: {
      ann: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4kDVJcZ0nPbY6YVbVC1f4Zk0pCz3gS2pyB9yTzYb1o ann@laptop"],
      bo: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFq8o2m6k9QbXn3yGZ0pT9v0rD3q8mJ4yZ0tG5v3dQ2X bo@desk"],
    },
  });
  const server = site(web, { names: ["www.example.org", "example.org"] });

  check("site-answers", { from: web, http: text`http://${web.address}/healthz`, dependsOn: server });
  check("tls-answers", { from: web, tcp: { host: web.address, port: 443 }, dependsOn: server });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "havn";

test("the web server's configuration is sound; what can lock out or break is checked before", async () => {
  const module = (await import("./webserver/havn.config.ts")) as { default: unknown };
  const { graph, diagnostics } = evaluateGraph(module.default);
  assert.deepEqual(diagnostics, []);
  const find = (address: string) => graph.resources.find((one) => one.address === `webserver/${address}`);
  assert.deepEqual(find("file/web-1:/etc/ssh/sshd_config.d/10-hardened.conf")?.properties.validate, [
    ...["/usr/sbin/sshd", "-t", "-f", "%s"],
  ]);
  const firewall = find("nftables.table/web-1:inet hardened");
  assert.match(String(firewall?.properties.rules), /policy drop;[\s\S]*tcp dport \{ 22, 80, 443 \} accept/);
  assert.ok(firewall?.dependsOn.includes("webserver/package/web-1:nftables"));
  const nginx = find("systemd.unit/web-1:nginx.service");
  assert.match(
    JSON.stringify(nginx?.properties.reloadOn),
    /"webserver\/certificate\/web-1:\/etc\/nginx\/tls\/site"/,
  );
  const site = String(find("file/web-1:/etc/nginx/sites-available/site.conf")?.properties.content);
  assert.match(site, /server_name www\.example\.org example\.org;/);
  assert.doesNotMatch(site, /\{\{/, "every blank is filled in");
});

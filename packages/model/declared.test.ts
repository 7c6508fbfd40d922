import assert from "node:assert/strict";
import { test } from "node:test";
import { checkProperties, hostProperties, serviceProperties } from "./declared.ts";

const service = { source: { path: ".", digest: "" }, command: ["node"], hosts: ["web-1"], port: 8080 };
const http = (url: string) => ({ from: "web-1", probe: { kind: "http", url } });
const tcp = (port: number) => ({ from: "web-1", probe: { kind: "tcp", host: "db", port } });
const ssh = (port: number) => ({ via: { kind: "ssh", address: "10.0.0.1", port } });

test("what an agent or HAProxy would choke on is not valid", () => {
  for (const wrong of [
    { health: { path: "healthz" } },
    { health: { path: "/x\n  server evil 1.2.3.4:80" } },
    { health: { path: "" } },
    { health: { interval: "0s" } },
    { health: { timeout: "100d" } },
    { metrics: "metrics" },
    { startTimeout: "99999999999d" },
    { env: { "A=1\nB": "x" } },
    { env: { "": "x" } },
    { command: [""] },
  ])
    assert.equal(serviceProperties.safeParse({ ...service, ...wrong }).success, false, JSON.stringify(wrong));
  const right = {
    health: { path: "/ready?deep=1" },
    metrics: "/metrics",
    stopGrace: "0s",
    env: { _A1: "x\ny" },
  };
  assert.ok(serviceProperties.safeParse({ ...service, ...right }).success);
});

test("ports and addresses of checks and hosts are ones that exist", () => {
  for (const wrong of [
    tcp(0),
    tcp(99_999),
    http("not a url"),
    http("file:///etc/passwd"),
    { ...tcp(80), interval: "0s" },
  ])
    assert.equal(checkProperties.safeParse(wrong).success, false, JSON.stringify(wrong));
  for (const right of [tcp(5432), http("https://127.0.0.1:8443/x")])
    assert.ok(checkProperties.safeParse(right).success, JSON.stringify(right));
  const probe = { kind: "http", url: { $text: ["http://", { $host: "lb", attribute: "address" }, "/"] } };
  assert.ok(checkProperties.safeParse({ from: "lb", probe }).success);
  assert.equal(hostProperties.safeParse(ssh(70_000)).success, false);
  assert.ok(hostProperties.safeParse(ssh(2222)).success);
});

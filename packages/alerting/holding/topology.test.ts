import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@havn/model";
import { createRandom } from "../routing/testing/scenarios.ts";
import { resource } from "../testing.ts";
import { behindOf, type Placed, topologyOf } from "./topology.ts";

interface Firing extends Placed {
  quiet: boolean;
}

const alert = (labels: Record<string, string>, more: Partial<Firing> = {}): Firing => ({
  ...{ fingerprint: Object.values(labels).join(" "), startsAt: 0, quiet: false },
  ...{ labels: { env: "shop", ...labels }, ...more },
});
const lost = (host: string, more: Partial<Firing> = {}) =>
  alert({ alertname: "host lost", host, severity: "critical" }, more);

const shop: Resource[] = [
  resource("shop/machine/m-1", {}),
  { ...resource("shop/host/db-1", { via: { kind: "machine", machine: "m-1" } }) },
  resource("shop/host/web-1", {}),
  resource("shop/host/web-2", {}),
  { ...resource("shop/postgres.database/db-1:shop", {}), host: "db-1" },
  {
    ...resource("shop/service/shop", { hosts: ["web-1", "web-2"] }),
    dependsOn: ["shop/host/web-1", "shop/host/web-2", "shop/postgres.database/db-1:shop"],
  },
  { ...resource("shop/check/front", {}), dependsOn: ["shop/service/shop"] },
];
const topology = topologyOf(shop);
const told = (...firing: Firing[]) => {
  const behind = behindOf(topology, firing, ({ quiet }) => quiet);
  return firing.filter((one) => !one.quiet && behind(one).length === 0).map(({ fingerprint }) => fingerprint);
};

test("what lies on a dead host is shown, what lies beside it is told", () => {
  const instance = alert({
    alertname: "instance not healthy",
    host: "web-1",
    service: "shop",
    severity: "critical",
  });
  const other = alert({
    alertname: "instance not healthy",
    host: "web-2",
    service: "shop",
    severity: "critical",
  });
  const disk = alert({ alertname: "disk-full", host: "web-1", severity: "warning" });
  assert.deepEqual(told(lost("web-1"), instance, other, disk), [
    lost("web-1").fingerprint,
    other.fingerprint,
  ]);
});

test("a dead database host is one page: the service and its checks lie behind it", () => {
  const short = alert({
    ...{ alertname: "service below wanted instances", service: "shop", severity: "critical" },
    resource: "shop/service/shop",
  });
  const check = alert({
    ...{ alertname: "check front", check: "front", resource: "shop/check/front", severity: "critical" },
  });
  assert.deepEqual(told(lost("db-1"), short, check), [lost("db-1").fingerprint]);
  // Without the host, the service is the cause; and without that, the check is told.
  assert.deepEqual(told(short, check), [short.fingerprint]);
  assert.deepEqual(told(check), [check.fingerprint]);
  // Nobody hears of the host: what lies behind it is decided again.
  assert.deepEqual(told(lost("db-1", { quiet: true }), short, check), [short.fingerprint]);
});

test("a service that misses instances on two dead hosts lies behind them; on one more it is told", () => {
  const missing = (hosts: string) =>
    alert({
      alertname: "service below wanted instances",
      service: "shop",
      severity: "warning",
      missing_on: hosts,
    });
  assert.deepEqual(told(lost("web-1"), lost("web-2"), missing("web-1,web-2")).length, 2);
  assert.deepEqual(told(lost("web-1"), missing("web-1,web-2")).length, 2);
});

test("of two that say that a host failed, the first is told", () => {
  const ping = alert({ alertname: "ping", about: "shop/host/web-1", severity: "critical" }, { startsAt: 5 });
  assert.deepEqual(told(lost("web-1", { startsAt: 9 }), ping), [ping.fingerprint]);
  assert.deepEqual(told(lost("web-1"), ping), [lost("web-1").fingerprint]);
});

/** Every way up, walked one by one. */
function oracle(resources: readonly Resource[], firing: readonly Firing[]): Set<string> {
  const failedBy = (address: string) =>
    firing.filter(
      ({ labels, quiet }) => !quiet && labels.about === address && labels.severity === "critical",
    );
  const isBehind = (address: string, seen: string[]): boolean => {
    const dependsOn = resources.find((one) => one.address === address)?.dependsOn ?? [];
    return dependsOn.some(
      (next) => !seen.includes(next) && (failedBy(next).length > 0 || isBehind(next, [...seen, next])),
    );
  };
  const toldOnes = firing.filter(({ fingerprint, labels, startsAt, quiet }) => {
    if (quiet) return false;
    const address = labels.about ?? "";
    if (isBehind(address, [address])) return false;
    const before = failedBy(address).filter(
      (one) =>
        one.fingerprint !== fingerprint &&
        (one.startsAt < startsAt || (one.startsAt === startsAt && one.fingerprint < fingerprint)),
    );
    return labels.severity !== "critical" || before.length === 0;
  });
  return new Set(toldOnes.map(({ fingerprint }) => fingerprint));
}

test("random graphs: told is what stands on nothing that failed and is heard of, as walking every way finds it", () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = createRandom(seed);
    const count = 2 + random.below(9);
    const resources = Array.from({ length: count }, (_, index) => ({
      ...resource(`shop/unit/u${index}`, {}),
      dependsOn: Array.from({ length: index }, (_each, before) => `shop/unit/u${before}`).filter(() =>
        random.chance(0.3),
      ),
    }));
    const firing = Array.from({ length: 1 + random.below(10) }, (_, index) =>
      alert(
        {
          ...{ alertname: `a${index}`, about: `shop/unit/u${random.below(count)}` },
          severity: random.chance(0.7) ? "critical" : "warning",
        },
        { startsAt: random.below(3), quiet: random.chance(0.2) },
      ),
    );
    const blamed = behindOf(topologyOf(resources), firing, ({ quiet }) => quiet);
    const behind = new Map(
      firing.flatMap((one) => (blamed(one).length > 0 ? [[one.fingerprint, blamed(one)]] : [])),
    );
    const ours = firing.filter(({ quiet, fingerprint }) => !quiet && !behind.has(fingerprint));
    assert.deepEqual(
      new Set(ours.map(({ fingerprint }) => fingerprint)),
      oracle(resources, firing),
      JSON.stringify({ seed, resources, firing }),
    );
    // No page is lost: whatever is not told names one that is.
    const heard = new Set(ours.map(({ fingerprint }) => fingerprint));
    const explained = (fingerprint: string, depth = 0): boolean =>
      heard.has(fingerprint) ||
      (depth < 50 && (behind.get(fingerprint) ?? []).some((one) => explained(one.fingerprint, depth + 1)));
    for (const fingerprint of behind.keys()) assert.ok(explained(fingerprint), `${seed}: ${fingerprint}`);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@havn/model";
import { findLeftOut } from "./left-out.ts";
import { chooseScope, type ScopeRequest } from "./scope.ts";

const resource = (address: string, rest: Partial<Resource> = {}): Resource => {
  const [, type = "", ...name] = address.split("/");
  return { address, type, name: name.join("/"), properties: {}, dependsOn: [], ...rest };
};
const hostNamed = (name: string, role: string) =>
  resource(`e/host/${name}`, {
    properties: { via: { kind: "machine", machine: name }, labels: { role } },
    dependsOn: [`e/machine/${name}`],
  });
const on = (host: string, type: string, name: string, dependsOn: string[] = [], properties = {}) =>
  resource(`e/${type}/${host}:${name}`, { host, dependsOn, properties });

const conf = on("web-1", "file", "/etc/app.conf");
const unit = on("web-1", "systemd.unit", "app.service", [conf.address], { restartOn: [conf.address] });
const other = on("web-2", "file", "/etc/app.conf");
const alert = resource("e/alert/up", { dependsOn: [unit.address] });
const old = on("web-2", "file", "/etc/old");
const desired = [
  resource("e/machine/web-1"),
  resource("e/machine/web-2"),
  hostNamed("web-1", "web"),
  hostNamed("web-2", "db"),
  ...[conf, unit, other, alert],
];
const chosen = (request: ScopeRequest) => {
  const scope = chooseScope(desired, [...desired, old], request);
  return [...scope.desired, ...scope.removed].map(({ address }) => address.slice(2));
};

test("by hosts, targets, patterns, types; what is excluded is left out; both narrow each other", () => {
  assert.equal(chosen({}).length, 9);
  const onWeb1 = [
    "machine/web-1",
    "host/web-1",
    "file/web-1:/etc/app.conf",
    "systemd.unit/web-1:app.service",
  ];
  assert.deepEqual(chosen({ hosts: ["web-1"] }), onWeb1);
  assert.deepEqual(chosen({ hosts: ["role=web"] }), onWeb1);
  assert.deepEqual(chosen({ targets: ["alert"] }), ["alert/up"]);
  assert.deepEqual(chosen({ targets: ["e/file/*:/etc/app.conf", "alert/up"] }), [
    "file/web-1:/etc/app.conf",
    "file/web-2:/etc/app.conf",
    "alert/up",
  ]);
  assert.deepEqual(chosen({ hosts: ["web-2"], targets: ["file"] }), [
    "file/web-2:/etc/app.conf",
    "file/web-2:/etc/old",
  ]);
  assert.deepEqual(chosen({ hosts: ["web-1"], exclude: ["host", "machine", "*.conf"] }), [
    "systemd.unit/web-1:app.service",
  ]);
});

test("what meets nothing is a mistake, and says what may have been meant", () => {
  for (const [request, pattern] of [
    [{ targets: ["file/web-1:/etc/app.cnf"] }, /Nothing here is called/],
    [{ exclude: ["nothing*"] }, /Nothing here is called "nothing\*"/],
    [{ hosts: ["web-9"] }, /There is no host "web-9"/],
    [{ hosts: ["role=none"] }, /chooses no host/],
  ] as const)
    assert.throws(() => chosen(request), pattern);
});

test("what a part leaves inconsistent is told", () => {
  const told = (request: ScopeRequest, recorded: Resource[], changing: string[]) =>
    findLeftOut({
      ...{ desired, recorded },
      scope: chooseScope(desired, recorded, request),
      changes: changing.map((address) => ({ address, action: "update" })),
      triggersOf: ({ properties }) => (properties.restartOn as string[] | undefined) ?? [],
    }).map(({ summary, detail }) => `${summary}: ${detail}`);
  assert.deepEqual(
    told(
      {},
      [],
      desired.map(({ address }) => address),
    ),
    [],
  );
  assert.deepEqual(told({ targets: [conf.address] }, desired, [conf.address]), [
    `${unit.address} is left out and does not run: It acts when ${conf.address} changes. That stays due: the next apply that includes it does it.`,
  ]);
  const before = desired.map((one) => (one === conf ? { ...conf, properties: { content: "old" } } : one));
  assert.deepEqual(told({ targets: [alert.address] }, before, [alert.address]), [
    `${conf.address} is left out with changes of its own: ${alert.address} needs it, and is applied without them. Apply the rest too.`,
  ]);
  assert.deepEqual(
    told(
      { targets: [unit.address] },
      desired.filter((one) => one !== conf),
      [unit.address],
    ).slice(0, 1),
    [
      `${conf.address} is left out and was never applied: ${unit.address} needs it. Plan the whole environment first.`,
    ],
  );
  const changedAlert = desired.map((one) =>
    one === alert ? { ...alert, properties: { expr: "old" } } : one,
  );
  assert.deepEqual(told({ targets: [unit.address] }, changedAlert, [unit.address]), [
    `${alert.address} is left out with changes of its own: It needs ${unit.address}, which changes. It stays as it is until it is applied too.`,
  ]);
  const user = on("web-2", "file", "/etc/user", [old.address]);
  assert.deepEqual(told({ targets: [old.address] }, [...desired, old, user], [old.address]), [
    `${user.address} needs something that is removed: It is left out, and was applied with ${old.address}. Apply the rest too.`,
  ]);
});

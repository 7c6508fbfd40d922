import assert from "node:assert/strict";
import { test } from "node:test";
import { environment, hostsFromInventory, type InventoryFile } from "./index.ts";

const inventory: InventoryFile = {
  _meta: {
    hostvars: {
      "web_1.example.org": {
        ansible_host: "192.0.2.1",
        ansible_port: 2222,
        ansible_user: "ops",
        role: "web",
        rack: 4,
      },
      "db-1": { ansible_ssh_common_args: "-o ProxyJump=ops@bastion:2200 -o StrictHostKeyChecking=no" },
      inner: { ansible_ssh_common_args: `-o ProxyCommand="ssh -p 2200 -q -i ~/k -W %h:%p ops@bastion"` },
      here: { ansible_connection: "local" },
    },
  },
  all: { children: ["prod", "ungrouped"] },
  prod: { children: ["web"], hosts: ["db-1"] },
  web: { hosts: ["web_1.example.org", "bare"] },
};

test("hosts of an inventory with their connections, groups and labels", () => {
  const { graph, diagnostics } = environment("shop", {}, () => {
    const hosts = hostsFromInventory(inventory, { labels: ["role", "rack", "none"] });
    assert.deepEqual(
      hosts.map(({ name, groups }) => [name, groups]),
      [
        ["web-1-example-org", ["prod", "web"]],
        ["db-1", ["prod"]],
        ["inner", []],
        ["here", []],
        ["bare", ["prod", "web"]],
      ],
    );
    assert.equal(hosts[0]?.variables["ansible_port"], 2222);
  });
  assert.deepEqual(diagnostics, []);
  const via = new Map(graph.resources.map(({ name, properties }) => [name, properties["via"]]));
  assert.deepEqual(via.get("web-1-example-org"), {
    kind: "ssh",
    address: "192.0.2.1",
    port: 2222,
    user: "ops",
  });
  assert.deepEqual(via.get("db-1"), {
    kind: "ssh",
    address: "db-1",
    port: 22,
    user: "root",
    jump: "ops@bastion:2200",
  });
  assert.deepEqual(via.get("inner"), {
    kind: "ssh",
    address: "inner",
    port: 22,
    user: "root",
    jump: "ops@bastion:2200",
  });
  assert.deepEqual(via.get("here"), { kind: "this-computer" });
  assert.deepEqual(graph.resources[0]?.properties["labels"], { role: "web", rack: "4" });
});

test("only some groups, other names; a clash is told", () => {
  const { graph } = environment("shop", {}, () => {
    hostsFromInventory(inventory, { groups: ["web"], name: (name) => `x-${name.slice(0, 3)}` });
  });
  assert.deepEqual(
    graph.resources.map(({ name }) => name),
    ["x-web", "x-bar"],
  );
  const { diagnostics } = environment("shop", {}, () => {
    hostsFromInventory(inventory, { groups: ["web"], name: () => "same" });
  });
  assert.match(diagnostics[0]?.summary ?? "", /twice/);
});

test("a ProxyCommand that is no jump is refused", () => {
  const odd: InventoryFile = {
    _meta: { hostvars: { a: { ansible_ssh_common_args: "-o ProxyCommand='nc %h %p'" } } },
  };
  assert.throws(() => environment("shop", {}, () => void hostsFromInventory(odd)), /ProxyCommand of a/);
});

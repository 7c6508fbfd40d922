import assert from "node:assert/strict";
import { test } from "node:test";
import {
  command,
  directory,
  environment,
  file,
  host,
  machine,
  reload,
  rollout,
  systemdUnit,
} from "./index.ts";

test("whoever notifies stands at the handler, which comes after; a unit restarts or reloads", () => {
  const { graph, diagnostics } = environment("e", {}, () => {
    const web = host("web", { machine: machine("web") });
    const rebuild = command("rebuild", { host: web, command: ["make"], creates: "/x" });
    const unit = systemdUnit("app.service", { host: web, active: true });
    file("/a", { host: web, content: "a", notify: [rebuild, unit] });
    file("/b", { host: web, content: "b", notify: [rebuild, reload(unit)] });
  });
  assert.deepEqual(diagnostics, []);
  const find = (type: string) => graph.resources.find((resource) => resource.type === type);
  assert.deepEqual(find("command")?.properties.on, ["e/file/web:/a", "e/file/web:/b"]);
  assert.deepEqual(find("systemd.unit")?.properties.restartOn, ["e/file/web:/a"]);
  assert.deepEqual(find("systemd.unit")?.properties.reloadOn, ["e/file/web:/b"]);
  assert.ok(find("command")?.dependsOn.includes("e/file/web:/b"));
  assert.ok(!("notify" in (find("file")?.properties ?? {})));
});

test("what cannot act is told, with what can", () => {
  const { diagnostics } = environment("e", {}, () => {
    const web = host("web", { machine: machine("web") });
    const folder = directory("/d", { host: web });
    file("/a", { host: web, content: "a", notify: folder });
  });
  assert.equal(diagnostics[0]?.summary, "e/file/web:/a notifies e/directory/web:/d, which cannot act");
  assert.match(diagnostics[0]?.detail ?? "", /command, script, HTTP request, reboot or systemd unit/);
});

test("rollouts travel with the graph; mistakes in them have their place", () => {
  const { graph, diagnostics } = environment(
    "e",
    { rollout: { serial: "25%", gate: { noAlerts: true } } },
    () => {
      const web = host("web", { machine: machine("web") });
      rollout({ hosts: [web], serial: [1, "50%"], maxFailures: 1 });
    },
  );
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(graph.rollouts, [
    { hosts: ["web"], serial: [1, "50%"], maxFailures: 1 },
    { serial: ["25%"], gate: { noAlerts: true, holds: "0s", timeout: "5m" } },
  ]);
  const wrong = environment("e", {}, () => {
    host("web", { machine: machine("web") });
    rollout({ hosts: ["wbe"], serial: 1 });
    rollout({ serial: "130%", gate: {} });
  });
  assert.deepEqual(wrong.diagnostics.map(({ summary }) => summary).sort(), [
    'A rollout names host "wbe", which is not declared',
    'Property "gate" of the rollout is not valid',
    'Property "serial.0" of the rollout is not valid',
  ]);
});

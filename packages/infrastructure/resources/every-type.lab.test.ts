import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { ResourceReading, ResourceReport, UndoReading } from "@havn/fleet/protocol";
import type { Resource } from "@havn/model";
import { definitions, findDefinition } from "../definitions.ts";
import { type ExampleHost, openExampleHost } from "../testing/example-host.ts";
import { difference, machineState } from "../testing/machine-state.ts";

// Every type that there is, by the example that docs/resources.md shows of it, on one machine: planned, applied, applied
// again without change, without drift; then changed, removed, and each of these applies taken back, until the machine is as
// it was. What cannot be taken back must be said beforehand: all of that stands in every-type.undo.txt.

/** What the examples find true already, or wait for without changing anything. */
const quiet = ["assert", "reboot", "wait"];

let examples: ExampleHost;
before(async () => {
  examples = await openExampleHost();
});
after(async () => {
  await examples?.[Symbol.asyncDispose]();
});

const told = ({ state, error = "", changes }: ResourceReport) =>
  `${state} ${error}${changes.map(({ property }) => property).join(", ")}`.trim();
const unfinished = (reports: readonly ResourceReport[]) =>
  reports
    .filter(({ state }) => state === "failed" || state === "skipped")
    .map((report) => `${report.address}: ${told(report)}`);

/** What each type's example would be in another version of a configuration. */
const changed: Record<string, Record<string, unknown>> = {
  "cron.entry": { schedule: "45 4 * * *" },
  git: { revision: "main" },
  hostname: { name: "web-2.example.org" },
  locale: { name: "fr_FR.UTF-8" },
  "mariadb.database": { characterSet: "latin1" },
  "mariadb.grant": { privileges: ["SELECT"] },
  mount: { options: "size=8m,mode=0750" },
  "nftables.table": {
    rules: "chain input { type filter hook input priority 0; policy accept; tcp dport 24 drop; }",
  },
  "npm.package": { version: "1.3.0" },
  "package.repository": { architectures: ["amd64"] },
  "pip.package": { version: "1.1" },
  "postgres.grant": { privileges: ["CONNECT", "TEMPORARY"] },
  "postgres.role": { connectionLimit: 5 },
  swap: { size: "32M" },
  sysctl: { value: 0 },
  timezone: { zone: "Europe/Berlin" },
  certificate: { names: ["shop.example.org"] },
  download: { mode: "0600" },
  user: { comment: "Others" },
};
const another = (resource: Resource): Resource => ({
  ...resource,
  properties: { ...resource.properties, ...changed[resource.type] },
});

const look = () =>
  machineState(examples.lab, {
    places: [
      "/etc",
      "/srv",
      "/home",
      "/opt",
      "/usr/local",
      "/usr/bin",
      "/var/cache/[dtw]*[!f]",
      "/var/spool/cron",
      "/var/swapfile*",
    ],
    settings: ["net.ipv4.ip_forward"],
  });

/** What was told of a revert beforehand, and what was different afterwards, without what differs from run to run. */
function sectionOf(title: string, readings: readonly UndoReading[], differing: readonly string[]): string {
  const remaining = readings.flatMap(({ address, remains, conflicts }) => [
    ...remains.map((why) => `${address}: ${why}`),
    ...conflicts.map((what) => `${address}: changed since: ${what}`),
  ]);
  return [
    `# ${title}`,
    "",
    "Said beforehand:",
    ...(remaining.length > 0 ? remaining : ["nothing"]).map((line) => `  ${line}`),
    "",
    "Different afterwards:",
    ...(differing.length > 0 ? [...new Set(differing.map(withoutNumbers))] : ["nothing"]).map(
      (line) => `  ${line}`,
    ),
    "",
  ].join("\n");
}

const withoutNumbers = (line: string): string =>
  line
    .replace(/^([-+] package \S+) \S+/, "$1")
    .replace(/^([-+]) [0-9a-f]{64} {2}/, "$1 content of ")
    .replace(/^([-+] (?:passwd|group|shadow|gshadow): [^:]+):.*/, "$1")
    .replace(/(?<=\.git\/objects\/)[0-9a-f]{2}\/[0-9a-f]+/, "…");

/**
 * What database servers hold, their configuration, and accounts that packages made for themselves stay; so does what was run.
 * That is said beforehand, or in docs/reverting.md.
 */
const isLeft = /mysql|mariadb|postgres|ssl-cert|crontab|\/var\/cache\/words\.index|\/var\/lib\/shop/;

const sections: string[] = [];

test("every type, by its example: made, and made no second time", async (t) => {
  const { lab, everything } = examples;
  const planned = await lab.read(everything);
  const atFirst = await look();
  const first = await lab.applyAs("first", everything);
  const second = await lab.apply(everything);
  const drift = await lab.drift(everything);
  const of = <T extends ResourceReport | ResourceReading>(reports: T[], type: string) =>
    reports.filter(({ address }) => address.split("/")[1] === type);
  for (const type of Object.keys(definitions))
    await t.test(type, () => {
      assert.deepEqual(unfinished(of(first, type)), []);
      if (!quiet.includes(type)) assert.ok(of(first, type).some(({ state }) => state === "changed"));
      assert.deepEqual([...new Set(of(second, type).map(told))], ["unchanged"]);
      assert.deepEqual(of(drift, type), []);
      for (const reading of of(planned, type)) {
        const { triggers } = findDefinition(type) ?? {};
        // What a change of others sets off is added to a plan by the control plane.
        const { properties } = everything.find(({ address }) => address === reading.address) ?? {};
        if (reading.certainty === "unknowable" || triggers?.(properties).length || type === "command")
          continue;
        assert.equal(reading.error, undefined);
        const report = first.find(({ address }) => address === reading.address);
        assert.deepEqual(report?.changes, reading.changes, `planned otherwise: ${reading.address}`);
      }
    });
  const addresses = everything.map(({ address }) => address);
  const made = await look();
  await t.test("changed, and taken back", async () => {
    const reports = await lab.applyAs("changed", everything.map(another));
    assert.deepEqual(unfinished(reports), []);
    for (const type of Object.keys(changed))
      assert.ok(
        of(reports, type).some(({ state }) => state === "changed"),
        `${type} was not changed`,
      );
    const readings = await lab.readUndo("changed", addresses);
    assert.deepEqual(unfinished(await lab.undo("changed-back", "changed", addresses)), []);
    sections.push(
      sectionOf("Every example changed, and that taken back", readings, difference(made, await look())),
    );
  });
  await t.test("removed, and taken back", async () => {
    assert.deepEqual(unfinished(await lab.applyAs("removed", [], everything.toReversed())), []);
    assert.deepEqual(
      await lab.on("cat /etc/motd; grep -c example.org /etc/hosts; ls /etc/sudoers.d"),
      "before\n1\nREADME",
    );
    const readings = await lab.readUndo("removed", addresses);
    assert.deepEqual(unfinished(await lab.undo("removed-back", "removed", addresses)), []);
    sections.push(
      sectionOf("Every example removed, and that taken back", readings, difference(made, await look())),
    );
  });
  await t.test("all of it taken back, killed on the way: the machine is as it was", async () => {
    const readings = await lab.readUndo("first", addresses);
    // In the middle of what is put back file by file, and in the middle of a transaction of packages.
    for (const moment of ["! test -e /etc/ssl/shop", "pgrep -x dpkg"])
      await lab.interruptUndo("back", "first", addresses, moment);
    const reports = await lab.undo("back", "first", addresses);
    assert.deepEqual(unfinished(reports), []);
    const kept = new Set((await lab.on("dpkg-query --listfiles mariadb-server postgresql-15")).split("\n"));
    const differing = difference(atFirst, await look()).filter(
      (line) => !isLeft.test(line) && !kept.has(/\/\S*/.exec(line)?.[0] ?? ""),
    );
    sections.push(
      sectionOf(
        "Every example made, and that taken back; without what stays as is said",
        readings,
        differing,
      ),
    );
  });
  await t.test("what cannot be taken back was said beforehand", () => {
    const golden = new URL("every-type.undo.txt", import.meta.url);
    if (process.env.UPDATE_CASES) writeFileSync(golden, sections.join("\n"));
    assert.equal(sections.join("\n"), readFileSync(golden, "utf8"));
  });
});

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Resource } from "@havn/model";
import { type LabHost, openLabHost } from "../../testing/lab-host.ts";
import { difference, machineState } from "../../testing/machine-state.ts";
import { failing, randomBundle, randomOf } from "../../testing/random-bundles.ts";

let host: LabHost;

before(async () => {
  host = await openLabHost("undo-1");
  await host.on(
    [
      "printf 'one\\ntwo\\nfour\\n' > /etc/undo-text; printf 'old\\n' > /etc/undo-old; chown daemon:daemon /etc/undo-old",
      "printf '[s]\\nk = before\\n' > /etc/undo.ini; chmod 0640 /etc/undo.ini",
      `printf '{ "a": { "b": "before" } }\\n' > /etc/undo.json`,
      "printf 'a:\\n  b: before # why\\n' > /etc/undo.yaml; printf '[a]\\nb = 7\\n' > /etc/undo.toml",
      "mkdir -p /root/pack/in && echo packed > /root/pack/in/file && tar -cf /root/archive.tar -C /root/pack .",
    ].join("\n"),
  );
});

after(async () => {
  await host?.[Symbol.asyncDispose]();
});

const look = () =>
  machineState(host, {
    places: ["/etc", "/srv", "/home", "/opt", "/usr/local", "/usr/bin", "/var/spool/cron"],
    settings: ["net.ipv4.ip_unprivileged_port_start"],
  });

const addressesOf = (...lists: readonly Resource[][]) => [
  ...new Set(lists.flat().map(({ address }) => address)),
];
const failures = (reports: { state: string; address: string; error?: string | undefined }[]) =>
  reports.filter(({ state }) => state === "failed").map(({ address, error }) => `${address}: ${error}`);

test("random bundles: apply, revert and revert of the revert give the machine that was", async (t) => {
  // Another seed is another machine to be; what the failures of others showed was mended.
  for (const seed of [1, 3])
    await t.test(`seed ${seed}`, async () => {
      const random = randomOf(seed);
      const first = randomBundle(random);
      // Some of it fails half way.
      const second = [...randomBundle(random), ...failing];
      const gone = first.filter(({ address }) => !second.some((one) => one.address === address)).reverse();
      const empty = await look();
      assert.deepEqual(failures(await host.applyAs(`${seed}-a`, first)), []);
      const middle = await look();
      const reports = await host.applyAs(`${seed}-b`, second, gone);
      const unfinished = reports.filter(({ state }) => state === "failed" || state === "skipped");
      assert.deepEqual(
        unfinished.map(({ address, state }) => `${state} ${address}`),
        [
          "failed shop/file/blocked",
          "skipped shop/file/waits",
          "failed shop/systemd.unit/fails",
          "failed shop/package/none",
        ],
      );
      const last = await look();

      const addresses = addressesOf(second, gone);
      const told = await host.readUndo(`${seed}-b`, addresses);
      assert.deepEqual(
        told.flatMap(({ conflicts, remains }) => [...conflicts, ...remains]),
        [],
      );
      assert.deepEqual(failures(await host.undo(`${seed}-c`, `${seed}-b`, addresses)), []);
      assert.deepEqual(difference(middle, await look()), [], "reverted");
      assert.deepEqual(failures(await host.undo(`${seed}-d`, `${seed}-c`, addresses)), []);
      // All but that a unit failed.
      assert.deepEqual(
        difference(last, await look()),
        ["- unit undo-fails.service failed"],
        "the revert is reverted",
      );
      assert.deepEqual(failures(await host.undo(`${seed}-e`, `${seed}-d`, addresses)), []);
      assert.deepEqual(failures(await host.undo(`${seed}-f`, `${seed}-a`, addressesOf(first))), []);
      assert.deepEqual(difference(empty, await look()), [], "all is as at the beginning");
    });
});

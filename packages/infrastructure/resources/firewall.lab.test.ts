import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, test } from "node:test";
import { nftablesTable, package as pkg } from "havn";
import { type LabHost, openLabHost } from "../testing/lab-host.ts";
import { allAre, ofHavn, web } from "../testing/reports.ts";

let lab: LabHost;
before(async () => {
  lab = await openLabHost("web-1");
});
after(() => lab?.[Symbol.asyncDispose]());

const on: LabHost["on"] = (command) => lab.on(command);

test("firewall: confirmed, left alone, mended; a change that cuts the host off is taken back", async (t) => {
  const listening = createServer((socket) => socket.destroy()).listen(0, lab.bridgeAddress);
  await once(listening, "listening");
  t.after(() => listening.close());
  const { port } = listening.address() as AddressInfo;
  lab.env.HAVN_REACH = `${lab.bridgeAddress}:${port}`;
  const firewall = (output: string, confirmWithin = 20) =>
    lab.resourcesOf(() => {
      const web1 = web();
      const nft = pkg("nftables", { host: web1 });
      nftablesTable("lab", {
        ...{ host: web1, dependsOn: nft, confirmWithin },
        rules: `  chain output {\n    type filter hook output priority 0; policy accept;\n    ${output}\n  }`,
      });
    });
  const listed = () => on("nft list table inet lab");
  const good = firewall("tcp dport 9 counter drop");
  const bad = firewall(`tcp dport ${port} drop`);
  await t.test("confirmed", async () => {
    allAre(ofHavn(await lab.apply(good)), "changed");
    assert.match(await listed(), /dport 9 counter/);
    assert.equal(await on("systemctl is-enabled havn-nftables-inet-lab"), "enabled");
    assert.equal(await on("ls /run/havn; systemctl list-timers --no-legend 'havn-*'"), "");
    allAre(await lab.apply(good), "unchanged");
  });
  await t.test("flushed by hand it is drift, and comes back also without the control plane", async () => {
    await on("nft flush table inet lab");
    assert.deepEqual(
      (await lab.drift(good)).map(({ changes }) => changes.map(({ property }) => property)),
      [["live"]],
    );
    lab.env.HAVN_REACH = "127.0.0.1:1";
    await lab.apply(good);
    lab.env.HAVN_REACH = `${lab.bridgeAddress}:${port}`;
    assert.deepEqual(await lab.drift(good), []);
    await on("systemctl restart havn-nftables-inet-lab");
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("rules that nft does not take change nothing", async () => {
    const [, failed] = await lab.apply(firewall("tcp dport banana drop"));
    assert.match(failed?.error ?? "", /nft does not take the rules of table inet lab\. line 3/);
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("out of reach with the new rules, the old ones are back at once", async () => {
    const [, failed] = await lab.apply(bad);
    assert.match(failed?.error ?? "", /out of reach with the new rules of table inet lab/);
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("the agent dies in the middle: the host's own timer brings the old ones back", async () => {
    const slow = firewall(`tcp dport ${port} drop`, 60);
    await lab.interrupt(slow, `nft list table inet lab | grep -q "dport ${port} drop"`);
    assert.match(await listed(), new RegExp(`dport ${port} drop`));
    await on(
      "for n in $(seq 1800); do test -e /run/havn/nftables-inet-lab.revert || exit 0; sleep 0.1; done; exit 1",
    );
    assert.deepEqual(await lab.drift(good), []);
  });
  await t.test("removed", async () => {
    allAre(ofHavn(await lab.apply([], [...good].reverse())), "changed");
    await on(
      "! test -e /etc/havn/nftables/inet-lab.nft && ! test -e /etc/systemd/system/havn-nftables-inet-lab.service",
    );
  });
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryDirectory } from "@havn/testkit";
import { bridgeOf, ensureNetwork, removeNetwork } from "./network.ts";
import { run } from "./run.ts";

/** What is under test changes the whole computer's network, so it gets one of its own: this file runs itself in it. */
const inside = "HAVN_TEST_OWN_NETWORK";

if (process.env[inside] === undefined)
  test("networks come and go without a trace (in a network namespace)", async () => {
    const self = fileURLToPath(import.meta.url);
    const script = `mount -t sysfs sysfs /sys && exec "$0" --test-reporter tap "$1"`;
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    await promisify(execFile)("unshare", ["--net", "--mount", "sh", "-c", script, process.execPath, self], {
      env: { ...environment, [inside]: "1" },
    }).catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
  });
else
  test("in a network namespace", async (t) => {
    await using folder = await temporaryDirectory();
    const stateDirectory = join(folder.path, "state");
    const place = async (name: string) => {
      await mkdir(join(folder.path, name), { recursive: true });
      return { folder: join(folder.path, name), stateDirectory };
    };
    const state = async () => ({
      links: await run("sh", ["-c", "ip -oneline link | cut -d : -f 2"]),
      rules: await run("nft", ["list", "ruleset"]),
      forward: (await readFile("/proc/sys/net/ipv4/ip_forward", "utf8")).trim(),
    });
    await writeFile("/proc/sys/net/ipv4/ip_forward", "0"); // the namespace took over what the computer has
    const before = await state();
    const [one, two] = [await place("one"), await place("two")];

    await t.test("two at once take two networks, and forwarding is switched on", async () => {
      const [first, second] = await Promise.all([ensureNetwork(one), ensureNetwork(two)]);
      assert.notEqual(first.prefix, second.prefix);
      const { links, rules, forward } = await state();
      for (const network of [first, second]) {
        assert.ok(links.includes(bridgeOf(network)));
        assert.ok(rules.includes(`ip saddr ${network.prefix}.0/24`));
      }
      assert.equal(forward, "1");
    });

    await t.test("a network keeps its addresses when all of it was taken away", async () => {
      const first = await ensureNetwork(one);
      await run("ip", ["link", "delete", bridgeOf(first)]);
      await run("nft", ["flush", "ruleset"]);
      assert.deepEqual(await ensureNetwork(one), first);
      assert.ok((await state()).rules.includes(`ip saddr ${first.prefix}.0/24`));
    });

    await t.test("a network that this computer already routes is not taken", async () => {
      const hope = (await ensureNetwork(await place("three"))).prefix;
      await removeNetwork(await place("three"));
      await run("ip", ["link", "add", "other0", "type", "bridge"]);
      await run("ip", ["address", "add", `${hope}.77/24`, "dev", "other0"]);
      assert.notEqual((await ensureNetwork(await place("three"))).prefix, hope);
      await removeNetwork(await place("three"));
      await run("ip", ["link", "delete", "other0"]);
    });

    await t.test("a data directory that was deleted by hand loses its network", async () => {
      const lost = await ensureNetwork(await place("lost"));
      await run("rm", ["-rf", join(folder.path, "lost")]);
      await ensureNetwork(await place("four"));
      assert.ok(!(await state()).links.includes(bridgeOf(lost)));
      await removeNetwork(await place("four"));
    });

    await t.test("with the last one gone, all is as before", async () => {
      await removeNetwork(one);
      assert.equal((await state()).forward, "1", "another network still needs it");
      await removeNetwork(two);
      await removeNetwork(two);
      assert.deepEqual(await state(), before);
      await assert.rejects(readFile(stateDirectory), { code: "ENOENT" });
    });
  });

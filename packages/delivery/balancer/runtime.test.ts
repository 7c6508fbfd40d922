import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { BalancerSpec } from "@havn/fleet/protocol";
import { slotCommands } from "./runtime.ts";

/** A case: slots as `ip:port state [weight]`, running and wanted, and the commands in between. */
interface Case {
  why: string;
  running: string;
  wanted: string;
  commands: string[];
}

const folder = new URL("./cases/", import.meta.url);
for (const name of readdirSync(folder).toSorted()) {
  const cases = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Case[];
  for (const { why, running, wanted, commands } of cases)
    test(`${name}: ${why}`, () => {
      const have = parse(running);
      const slots = [{ ...have, admin: have.state, status: "", check: "", sessions: 0 }];
      assert.deepEqual(slotCommands(slots, [parse(wanted)]), commands);
    });
}

function parse(text: string): BalancerSpec["slots"][number] {
  const [address = "", state, weight = "100"] = text.split(" ");
  const [ip = "", port] = address.split(":");
  if (state !== "ready" && state !== "drain" && state !== "maint") throw new Error(`no state in "${text}"`);
  return { slot: "slot1", ip, port: Number(port), state, weight: Number(weight) };
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { planRollout, type RolloutInput, type RolloutStep } from "./plan.ts";

/** A case: `input` as the planner takes it (instances as `host release port [starting]`, slots as `slot instance
 *  [drain]`), `steps` as one line each, lanes of one stage joined by " | ". */
interface Case {
  why: string;
  hosts: string[];
  release: string;
  instances: string[];
  slots?: string[];
  steps: string[];
}

const folder = new URL("./cases/", import.meta.url);
for (const name of readdirSync(folder).toSorted()) {
  const given = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Case;
  test(`${name}: ${given.why}`, () => {
    const shown = planRollout(parse(given)).map((stage) =>
      stage.lanes.map(({ steps }) => steps.map(show).join(", ")).join(" | "),
    );
    assert.deepEqual(shown, given.steps);
  });
}

function parse({ hosts, release, instances, slots }: Case): RolloutInput {
  return {
    service: "shop",
    release,
    hosts,
    port: 8080,
    instances: instances.map((line) => {
      const [host = "", of = "", port = "", state] = line.split(" ");
      return {
        id: `shop-${host}-${of}`,
        host,
        release: of,
        port: Number(port),
        serving: state !== "starting",
      };
    }),
    balancer: slots && {
      slots: slots.map((line) => {
        const [slot = "", instance, state] = line.split(" ");
        return { slot, instance, ready: instance !== undefined && state !== "drain" };
      }),
    },
  };
}

function show(step: RolloutStep): string {
  switch (step.kind) {
    case "start":
      return `start ${step.instance} on ${step.port}`;
    case "wait-healthy":
      return `wait for ${step.instance}`;
    case "route":
      return `${step.slot} to ${step.instance} on ${step.host}:${step.port}`;
    case "wait-up":
      return `wait for ${step.slot}`;
    case "drain":
      return `drain ${step.slot} of ${step.instance}`;
    case "stop":
      return `stop ${step.instance}`;
  }
}

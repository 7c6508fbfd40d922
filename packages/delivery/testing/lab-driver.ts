import { copyFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { BalancerSpec, InstanceSpec } from "@havn/fleet/protocol";
import { systemClock } from "@havn/model";
import { createBalancer, createInstances } from "../agent.ts";

// The delivery half of an agent on a lab machine: takes one JSON command a line, answers with one JSON line.
const base = "/var/lib/havn-test";
let copies = 0;
const events: { kind: string; data: Record<string, unknown> }[] = [];
const instances = createInstances({
  stateDirectory: `${base}/state`,
  releasesDirectory: `${base}/releases`,
  clock: systemClock,
  async fetchArtifact() {
    const copy = `${base}/copy-${copies++}.tar.gz`;
    await copyFile(`${base}/release.tar.gz`, copy);
    return copy;
  },
  onChange: () => {},
  onEvent: ({ kind, data }) => events.push({ kind, data }),
  writeLog: () => {},
});
const balancer = createBalancer({
  stateDirectory: `${base}/state`,
  runtime: "systemd",
  clock: systemClock,
  onChange: () => {},
  onEvent: () => {},
  writeLog: () => {},
});

type Request = { id: string; timeoutMs: number; balancer: string; slot: string; name: string };
const commands: Record<string, (given: never) => Promise<unknown>> = {
  start: (spec: InstanceSpec) => instances.start(spec),
  waitHealthy: ({ id, timeoutMs }: Request) => instances.waitHealthy(id, timeoutMs),
  stop: ({ id }: Request) => instances.stop(id),
  list: async () => instances.list(),
  units: async () => [...instances.units(), ...balancer.units()],
  events: async () => events,
  resume: () => Promise.all([instances.resume([]), balancer.resume([])]),
  apply: (spec: BalancerSpec) => balancer.apply(spec),
  waitUp: (request: Request) => balancer.waitUp(request),
  drain: (request: Request) => balancer.drain(request),
  remove: ({ name }: Request) => balancer.remove(name),
  untilRestarted: async () => {
    while (!instances.list().some(({ restarts, health }) => restarts > 0 && health === "healthy"))
      await systemClock.sleep(50);
  },
  slots: async () => balancer.list(),
  /** Leaves a file: whoever waits for it knows that all before was done. */
  sign: (name: string) => writeFile(`${base}/${name}`, ""),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, given } = JSON.parse(line) as { command: string; given: never };
  try {
    console.log(JSON.stringify({ result: (await commands[command]?.(given)) ?? null }));
  } catch (error) {
    const { message, detail } = error as { message: string; detail?: string };
    console.log(JSON.stringify({ error: `${message}. ${detail ?? ""}` }));
  }
}
await instances[Symbol.asyncDispose]();
await balancer[Symbol.asyncDispose]();

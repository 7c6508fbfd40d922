import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ResourceReading, ResourceReport, UndoReading } from "@havn/fleet/protocol";
import { type Inventory, type Resource, resolveReferences } from "@havn/model";
import { orderNodes, sequenceChanges } from "@havn/plan";
import { type LabMachine, lab, temporaryDirectory } from "@havn/testkit";
import { build } from "esbuild";
import { environment } from "havn";
import { secretPathsOf } from "../planning/read-hosts.ts";

/** A lab machine with the agent's half of infrastructure on it, driven over SSH. */
export interface LabHost extends AsyncDisposable {
  machine: LabMachine;
  /** This computer's address on the lab's network. */
  bridgeAddress: string;
  /** What each secret is; none of them may be told. */
  secrets: Record<string, string>;
  /** What the driver sees in its environment. */
  env: Record<string, string>;
  /** The graph's resources on the machine, in order of application, as they reach an agent. */
  resourcesOf(describe: () => void): Resource[];
  apply(resources: Resource[], remove?: Resource[]): Promise<ResourceReport[]>;
  read(resources: Resource[]): Promise<ResourceReading[]>;
  drift(resources: Resource[]): Promise<ResourceReading[]>;
  inventory(namesOnly?: boolean): Promise<Inventory>;
  /** As part of an apply that can be taken back by its id. */
  applyAs(applyId: string, resources: Resource[], remove?: Resource[]): Promise<ResourceReport[]>;
  /** Takes back what `applyId` did, as an apply of its own. */
  undo(as: string, applyId: string, addresses: string[]): Promise<ResourceReport[]>;
  readUndo(applyId: string, addresses: string[]): Promise<UndoReading[]>;
  /** Applies, and is killed as soon as a shell command without single quotes succeeds, if it is not done before. */
  interrupt(resources: Resource[], when: string): Promise<void>;
  /** Takes back as `undo` does, and is killed in the same way. */
  interruptUndo(as: string, applyId: string, addresses: string[], when: string): Promise<void>;
  /** Runs a shell command that must succeed; gives its output. */
  on(command: string): Promise<string>;
}

export async function openLabHost(name: string): Promise<LabHost> {
  const directory = await temporaryDirectory("lab-host");
  const bundle = join(directory.path, "driver.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("host-driver.ts", import.meta.url))],
    ...{
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node26",
      logLevel: "error",
    },
    // Some dependencies are CommonJS inside.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
  });
  const machines = await lab({ machines: [name] });
  const machine = machines.machine(name);
  await machine.copy(process.execPath, "/root/node");
  await machine.copy(bundle, "/root/driver.mjs");
  const secrets: Record<string, string> = {};
  const env: Record<string, string> = {};

  /** One call of the driver. What `wrap` begins with runs before it on the machine. */
  function drive(method: string, params: object, wrap = "") {
    const variables = Object.entries(env).map(([key, value]) => `${key}='${value}' `);
    const input = JSON.stringify([method, params]);
    return machine.ssh(`${wrap}env ${variables.join("")}/root/node /root/driver.mjs`, { input });
  }

  /** As they reach an agent: references are opened on the way. */
  function bundleOf(resources: Resource[], remove: Resource[] = [], bundleId: string = randomUUID()) {
    const values = {
      host: () => machines.bridgeAddress,
      secret: (key: string) => secrets[key] ?? assert.fail(`no secret ${key}`),
    };
    const secretPaths = secretPathsOf([...resources, ...remove]);
    return resolveReferences({ bundleId, secrets: secretPaths, resources, remove }, values);
  }

  const ask = async <T>(method: string, params: object): Promise<T> => answerOf(await drive(method, params));
  const undoOf = (as: string, applyId: string, addresses: string[]) => ({
    ...{ bundleId: `${as}/${name}/0/undo`, applyId, addresses, hidden: Object.values(secrets) },
  });
  const killedWhen = (when: string) => {
    const script = `exec 3<&0; "$@" <&3 & until ${when} || ! kill -0 $!; do sleep 0.02; done; kill -9 $!; wait $!`;
    return `sh -c '${script}' sh `;
  };

  function answerOf<T>({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): T {
    assert.equal(code, 0, stderr);
    for (const secret of Object.values(secrets)) assert.ok(!stdout.includes(secret), "a secret was told");
    return JSON.parse(stdout) as T;
  }

  return {
    machine,
    bridgeAddress: machines.bridgeAddress,
    secrets,
    env,
    resourcesOf(describe) {
      const { graph, diagnostics } = environment("shop", {}, describe);
      assert.deepEqual(diagnostics, []);
      const own = graph.resources.filter((resource) => resource.host === name);
      const { order } = orderNodes(sequenceChanges(own, []));
      return order.flatMap((address) => own.find((resource) => resource.address === address) ?? []);
    },
    apply: (resources, remove) => ask("apply", bundleOf(resources, remove)),
    read: (resources) => ask("read", bundleOf(resources)),
    drift: (resources) => ask("drift", bundleOf(resources)),
    inventory: (namesOnly = false) => ask("inventory", { namesOnly }),
    applyAs: (applyId, resources, remove) =>
      ask("apply", bundleOf(resources, remove, `${applyId}/${name}/0`)),
    undo: (...params) => ask("undo", undoOf(...params)),
    readUndo: (applyId, addresses) => ask("look", { applyId, addresses, hidden: Object.values(secrets) }),
    async interrupt(resources, when) {
      await drive("apply", bundleOf(resources), killedWhen(when));
    },
    async interruptUndo(as, applyId, addresses, when) {
      await drive("undo", undoOf(as, applyId, addresses), killedWhen(when));
    },
    async on(command) {
      const { code, stdout, stderr } = await machine.ssh(command);
      assert.equal(code, 0, `${command}: ${stderr}`);
      return stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      await machines[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

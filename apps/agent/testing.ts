import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createFleet, type Fleet, type FleetOptions } from "@havn/fleet";
import { type Resource, systemClock } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { createTimeline, type Timeline } from "@havn/timeline";

export interface TestFleet {
  fleet: Fleet;
  timeline: Timeline;
  dataDirectory: string;
  sql: Awaited<ReturnType<typeof testDatabase>>["sql"];
  /** Closes the control plane's half and opens it again on the same port, as a restart does. */
  restart(): Promise<Fleet>;
  close(): Promise<void>;
}

/** A real control plane half on a free port, over a fresh database; agents of it are stopped when the test ends. */
export async function openTestFleet(
  context: TestContext,
  options: Partial<Pick<FleetOptions, "handlers" | "resolve" | "secretValues">> & {
    machineProvider?: (dataDirectory: string) => FleetOptions["machineProvider"];
  } = {},
): Promise<TestFleet> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "havn-fleet-"));
  const db = await testDatabase();
  const timeline = await createTimeline({ sql: db.sql, clock: systemClock });
  let port = 0;
  const machineProvider = options.machineProvider?.(dataDirectory);
  const open = async () => {
    const fleet = await createFleet({
      sql: db.sql,
      clock: systemClock,
      timeline,
      dataDirectory,
      resolve: options.resolve ?? (async (_, value) => value),
      handlers: options.handlers ?? {
        telemetry: async () => {},
        artifact: async () => ({ size: 0, bytes: new Uint8Array() }),
        certificateNames: async () => undefined,
        event: async () => {},
      },
      agent: {
        entry: fileURLToPath(new URL("./main.ts", import.meta.url)),
        nodeBinary: process.execPath,
      },
      machineProvider,
      ...(options.secretValues && { secretValues: options.secretValues }),
      log: (message) => context.diagnostic(message),
    });
    port = await fleet.gateway.listen({ port, address: "127.0.0.1" });
    await fleet.start();
    return fleet;
  };
  const test: TestFleet = {
    fleet: await open(),
    timeline,
    dataDirectory,
    sql: db.sql,
    async close() {
      await test.fleet[Symbol.asyncDispose]();
    },
    async restart() {
      await test.close().catch(() => {});
      test.fleet = await open();
      return test.fleet;
    },
  };
  context.after(async () => {
    await test.fleet.standDown();
    await test.close();
    await db[Symbol.asyncDispose]();
    await rm(dataDirectory, { recursive: true, force: true });
  });
  return test;
}

/** Runs each step at once: durability is the workflows' own matter. */
export const steps = { step: <T>(_: string, work: () => Promise<T>) => work() };

export function hostResource(
  environment: string,
  name: string,
  via: Record<string, unknown> = { kind: "this-computer" },
): Resource {
  const address = `${environment}/host/${name}`;
  const properties = { via, labels: {}, mode: "noop" };
  return { address, type: "host", name, properties, dependsOn: [] };
}

/** Applies one resource as an apply does: plan, then the executor's own work. */
export async function applyHost(fleet: Fleet, resource: Resource): Promise<void> {
  const executor = fleet.executors.find(({ types }) => types.includes(resource.type));
  if (!executor) throw new TypeError(`no executor for ${resource.type}`);
  const { action, changes } = await executor.plan(resource, undefined);
  const change = { address: resource.address, type: resource.type, action, changes };
  const context = { applyId: "test", actor: "test", tell: () => {} };
  await executor.apply(steps, change, resource, context);
}

/** Waits until `found` gives something; fails with `what` after a bound that only a hang reaches. */
export async function eventually<T>(
  what: string,
  found: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await found();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await systemClock.sleep(20);
  }
}

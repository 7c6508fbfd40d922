import { join } from "node:path";
import type { Apply } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { temporaryDirectory } from "@havn/testkit";
import { openWorkflows } from "@havn/workflows";
import { createInfrastructure } from "../index.ts";
import { graphOf, testSurroundings } from "./environment.ts";

/** A control plane's half of infrastructure on a database of its own, with hosts that are folders here. */
export async function openInfrastructure() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  const directory = stack.use(await temporaryDirectory("infrastructure"));
  const around = testSurroundings(directory.path);
  const workflows = stack.use(
    await openWorkflows({ sql: database.sql, postgresUrl: database.url, executorId: "test" }),
  );
  const told: Apply[] = [];
  const infrastructure = await createInfrastructure({
    ...around.options,
    sql: database.sql,
    workflows,
    onProgress: (apply) => told.push(apply),
  });
  await workflows.launch();
  return {
    ...{ infrastructure, around, told, sql: database.sql },
    at: (name: string) => join(directory.path, name),
    async apply(graph: Parameters<typeof graphOf>, only?: string[]) {
      const plan = await infrastructure.plans.create({ graph: graphOf(...graph), only });
      const { id } = await infrastructure.applies.start(plan.id, { actor: "user:test" });
      return { plan, apply: await infrastructure.applies.finished(id) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

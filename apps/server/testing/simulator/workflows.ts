import type { Run, Workflow, Workflows } from "@havn/workflows";
import type { Disk } from "./disk.ts";
import { type Connection, never, type World } from "./world.ts";

/**
 * Durable work as @havn/workflows keeps its promise: a started workflow runs until it has ended, a step that was recorded
 * gives what it gave, and one that was under way when the control plane was killed runs again.
 */
export function simulatedWorkflows(
  world: World,
  { disk, connection, life }: { disk: Disk; connection: Connection; life: number },
): Pick<Workflows, "define"> & { recover(): void; failures: unknown[] } {
  const bodies = new Map<string, (run: Run, input: never) => Promise<unknown>>();
  const failures: unknown[] = [];

  function carryOut(id: string): void {
    const workflow = disk.workflows.get(id);
    const body = workflow && bodies.get(workflow.name);
    if (!workflow || !body || workflow.ended) return;
    const recorded = disk.steps.get(id) ?? new Map<string, unknown>();
    disk.steps.set(id, recorded);
    const run: Run = {
      id,
      async step<T>(name: string, work: () => Promise<T>): Promise<T> {
        await connection.through(connection.check);
        if (recorded.has(name)) return recorded.get(name) as T;
        const result = await connection.through(work);
        await connection.through(connection.check);
        if (!recorded.has(name)) recorded.set(name, structuredClone(result));
        return result;
      },
    };
    void body(run, workflow.input as never)
      .catch((error: unknown) => failures.push(error))
      .then(async () => {
        await connection.through(connection.check);
        disk.workflows.set(id, { ...workflow, ended: true });
      });
  }

  return {
    failures,
    define<Input, Output>(
      name: string,
      body: (run: Run, input: Input) => Promise<Output>,
    ): Workflow<Input, Output> {
      bodies.set(name, body as (run: Run, input: never) => Promise<unknown>);
      return {
        async start(id, input) {
          await connection.check();
          if (disk.workflows.has(id)) return;
          disk.workflows.set(id, { name, input: structuredClone(input), ended: false });
          if (world.life === life) carryOut(id);
        },
        state: never,
        result: never,
      };
    },
    recover() {
      for (const id of disk.workflows.keys()) carryOut(id);
    },
  };
}

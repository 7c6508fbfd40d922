import { machineProperties, parseAddress } from "@havn/model";
import type { Machines } from "../machines/machines.ts";
import { diffProperties, type ResourceExecutor } from "./executor.ts";

/** Type `machine`: a machine is real when it runs and answers on SSH. */
export function createMachineExecutor(machines: Machines): ResourceExecutor {
  return {
    types: ["machine"],
    async plan(desired, prior) {
      if (!desired)
        return { action: prior && machines.find(prior.address) ? "delete" : "no-op", changes: [] };
      const spec = machineProperties.parse(desired.properties);
      const row = machines.find(desired.address);
      const changes = diffProperties(row?.spec ?? {}, spec);
      if (!row) return { action: "create", changes };
      if (changes.some(({ property }) => property === "image" || property === "provider"))
        return { action: "replace", changes, reason: "another image is another machine" };
      const state = await machines.state(desired.address);
      switch (state) {
        case "running":
          return { action: changes.length > 0 ? "update" : "no-op", changes };
        case "stopped":
          return { action: "update", changes, reason: "it does not run" };
        case "none":
          return { action: "create", changes, reason: "it is gone" };
      }
    },
    async apply(run, change, desired, { tell }) {
      const { address } = desired;
      const { environment, name } = parseAddress(address);
      const spec = machineProperties.parse(desired.properties);
      if (change.action === "replace")
        await run.step(`destroy machine ${name}`, () => machines.destroy(address), { retries: 1 });
      await run.step(
        `have machine ${name} running`,
        () => machines.ensure({ address, environment, name, spec }, tell),
        { retries: 1 },
      );
    },
    async remove(run, prior, { tell }) {
      const { name } = parseAddress(prior.address);
      await run.step(
        `destroy machine ${name}`,
        async () => {
          tell("destroying the machine");
          await machines.destroy(prior.address);
        },
        { retries: 2 },
      );
    },
  };
}

import { maintenanceProperties, parseAddress, type Resource } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { diffProperties, type ResourceExecutor } from "../executors/executor.ts";
import { deleteDeclaredMaintenance, listDeclaredMaintenance, putDeclaredMaintenance } from "./store.ts";

/** Type `maintenance`: a row, and the agents of the hosts that it is about know of it. */
export function createMaintenanceExecutor({
  sql,
  declared,
}: {
  sql: Sql;
  /** What is declared of an environment has changed. */
  declared(environment: string): Promise<void>;
}): ResourceExecutor {
  const find = async (address: string) =>
    (await listDeclaredMaintenance(sql)).find((one) => one.address === address);
  const rowOf = ({ address, name, properties }: Resource) => ({
    ...{ address, name, environment: parseAddress(address).environment },
    properties: maintenanceProperties.parse(properties),
  });
  return {
    types: ["maintenance"],
    async plan(desired, prior) {
      const known = await find(desired?.address ?? prior?.address ?? "");
      if (!desired) return { action: known ? "delete" : "no-op", changes: [] };
      const changes = diffProperties(known?.properties ?? {}, rowOf(desired).properties);
      if (!known) return { action: "create", changes };
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    async apply(run, _change, desired) {
      const row = rowOf(desired);
      await run.step(`record maintenance ${row.name}`, async () => {
        await putDeclaredMaintenance(sql, row);
        await declared(row.environment);
      });
    },
    async remove(run, prior) {
      const { environment, name } = parseAddress(prior.address);
      await run.step(`forget maintenance ${name}`, async () => {
        await deleteDeclaredMaintenance(sql, prior.address);
        await declared(environment);
      });
    },
  };
}

import { parseAddress, type Resource, retentionProperties } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { differences, type ResourceExecutor } from "../../executor.ts";
import { type DeclaredRetention, deleteRetention, findRetention, putRetention } from "./store.ts";

/** Type `retention`: a row each; `declared` is told of every change. */
export function createRetentionExecutor({
  sql,
  declared,
}: {
  sql: Sql;
  declared(): Promise<void>;
}): ResourceExecutor {
  return {
    types: ["retention"],
    async plan(wanted, prior) {
      const recorded = await findRetention(sql, wanted?.address ?? prior?.address ?? "");
      if (!wanted) return { action: recorded ? "delete" : "no-op", changes: [] };
      const changes = differences(recorded?.properties ?? {}, retentionOf(wanted).properties);
      if (!recorded) return { action: "create", changes };
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    async apply(run, _change, wanted) {
      await run.step(`record retention ${wanted.name}`, async () => {
        await putRetention(sql, retentionOf(wanted));
        await declared();
      });
    },
    async remove(run, prior) {
      await run.step(`forget retention ${prior.name}`, async () => {
        await deleteRetention(sql, prior.address);
        await declared();
      });
    },
  };
}

function retentionOf({ address, name, properties }: Resource): DeclaredRetention {
  const { environment } = parseAddress(address);
  return { address, environment, name, properties: retentionProperties.parse(properties) };
}

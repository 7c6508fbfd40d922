import { parseAddress, type Resource } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { rulesProperties } from "@havn/prometheus";
import { differences, type ResourceExecutor } from "../executor.ts";
import { type DeclaredGroup, deleteGroup, findGroup, putGroup } from "./store.ts";

/** Type `rules`: a row each; `declared` begins to evaluate them. */
export function createRulesExecutor({
  sql,
  declared,
}: {
  sql: Sql;
  declared(): Promise<void>;
}): ResourceExecutor {
  return {
    types: ["rules"],
    async plan(wanted, prior) {
      const recorded = await findGroup(sql, wanted?.address ?? prior?.address ?? "");
      if (!wanted) return { action: recorded ? "delete" : "no-op", changes: [] };
      const changes = differences(recorded?.properties ?? {}, groupOf(wanted).properties);
      if (!recorded) return { action: "create", changes };
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    async apply(run, _change, wanted) {
      await run.step(`record rules ${wanted.name}`, async () => {
        await putGroup(sql, groupOf(wanted));
        await declared();
      });
    },
    async remove(run, prior) {
      await run.step(`forget rules ${prior.name}`, async () => {
        await deleteGroup(sql, prior.address);
        await declared();
      });
    },
  };
}

function groupOf({ address, name, properties }: Resource): DeclaredGroup {
  const { environment } = parseAddress(address);
  return { address, environment, name, properties: rulesProperties.parse(properties) };
}

import { parseAddress, type Resource } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { scrapeProperties } from "@havn/prometheus";
import { differences, type ResourceExecutor } from "../executor.ts";
import { type DeclaredScrape, deleteScrape, findScrape, putScrape } from "./store.ts";

/** Type `scrape`: a row each; `declared` starts and stops what follows from it. */
export function createExecutor({ sql, declared }: { sql: Sql; declared(): Promise<void> }): ResourceExecutor {
  return {
    types: ["scrape"],
    async plan(wanted, prior) {
      const recorded = await findScrape(sql, wanted?.address ?? prior?.address ?? "");
      if (!wanted) return { action: recorded ? "delete" : "no-op", changes: [] };
      const changes = differences(recorded?.properties ?? {}, scrapeOf(wanted).properties);
      if (!recorded) return { action: "create", changes };
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    async apply(run, _change, wanted) {
      await run.step(`record scrape ${wanted.name}`, async () => {
        await putScrape(sql, scrapeOf(wanted));
        await declared();
      });
    },
    async remove(run, prior) {
      await run.step(`forget scrape ${prior.name}`, async () => {
        await deleteScrape(sql, prior.address);
        await declared();
      });
    },
  };
}

function scrapeOf({ address, name, properties }: Resource): DeclaredScrape {
  const { environment } = parseAddress(address);
  return { address, environment, name, properties: scrapeProperties.parse(properties) };
}

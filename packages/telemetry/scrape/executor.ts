import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  describeReferences,
  type PlannedChange,
  type PropertyChange,
  parseAddress,
  type Resource,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { scrapeProperties } from "@havn/prometheus";
import { type DeclaredScrape, deleteScrape, findScrape, putScrape } from "./store.ts";

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: unknown): Promise<void>;
  remove(run: Steps, prior: Resource, context: unknown): Promise<void>;
}
interface Steps {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}
interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
}

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

function differences(before: object, after: object): PropertyChange[] {
  const [old, wanted] = [{ ...before }, { ...after }] as Record<string, unknown>[];
  return [...new Set([...Object.keys(old ?? {}), ...Object.keys(wanted ?? {})])]
    .filter((property) => !isDeepStrictEqual(plain(old?.[property]), plain(wanted?.[property])))
    .map((property) => ({
      property,
      before: describeReferences(old?.[property]),
      after: describeReferences(wanted?.[property]),
    }));
}

/** As it comes back from the database: without keys that are undefined. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

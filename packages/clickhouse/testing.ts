import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ClickHouse, openClickHouse } from "./index.ts";
import { openTestCluster } from "./testing-cluster.ts";

export interface TestClickHouse extends AsyncDisposable {
  readonly clickhouse: ClickHouse;
  readonly directory: string;
}

export { onCluster } from "./cluster.ts";
export { openTestCluster } from "./testing-cluster.ts";

/**
 * A real ClickHouse on a temporary directory; both are gone when it is disposed of. With TEST_CLICKHOUSE=cluster it is an
 * external one with Distributed tables, for all tests that are run so.
 */
export async function openTestClickHouse(): Promise<TestClickHouse> {
  if (process.env.TEST_CLICKHOUSE === "cluster") return openTestCluster();
  const directory = await mkdtemp("/tmp/havn-test-clickhouse-");
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
    return {
      clickhouse,
      directory,
      async [Symbol.asyncDispose]() {
        await clickhouse[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

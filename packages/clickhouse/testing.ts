import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ClickHouse, openClickHouse } from "./index.ts";

export interface TestClickHouse extends AsyncDisposable {
  readonly clickhouse: ClickHouse;
  readonly directory: string;
}

/** A real ClickHouse on a temporary directory; both are gone when it is disposed of. */
export async function openTestClickHouse(): Promise<TestClickHouse> {
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

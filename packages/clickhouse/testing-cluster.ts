import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clusterSettings } from "./cluster.ts";
import { type ClickHouse, openClickHouse } from "./index.ts";

export interface TestCluster extends AsyncDisposable {
  readonly clickhouse: ClickHouse;
  readonly directory: string;
}

export const testCluster = "havn";

/**
 * An external ClickHouse with a cluster of one shard, over TCP: the embedded engine, which knows the cluster and evaluates
 * Distributed tables over it. What it lacks is taken out of definitions on the way: Keeper, hence replication and the queue
 * of ON CLUSTER. It reads inserts' bytes from files, as it cannot from requests.
 */
export async function openTestCluster(): Promise<TestCluster> {
  const directory = await mkdtemp("/tmp/havn-test-cluster-");
  const engine = await startEngine(directory);
  const front = createServer((request, response) => {
    forward({ request, response, directory, socketPath: engine.socketPath }).catch((error: Error) =>
      response.destroy(error),
    );
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  const { port } = front.address() as AddressInfo;
  const clickhouse = await openClickHouse({
    url: `http://tester:secret@127.0.0.1:${port}/default`,
    cluster: testCluster,
  });
  return {
    clickhouse,
    directory,
    async [Symbol.asyncDispose]() {
      await clickhouse[Symbol.asyncDispose]();
      front.closeAllConnections();
      front.close();
      await engine.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One shard, which is itself: that it listens nowhere is no matter. */
const config = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers><${testCluster}><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></${testCluster}></remote_servers>
</clickhouse>`;

async function startEngine(directory: string): Promise<{ socketPath: string; stop(): Promise<void> }> {
  const socketPath = join(directory, "engine.sock");
  const configPath = join(directory, "config.xml");
  await writeFile(configPath, config);
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("embedded/child.ts", import.meta.url)),
      ...[socketPath, join(directory, "data"), String(600 * 2 ** 20)],
      `--config-file=${configPath}`,
      `--distributed_product_mode=${clusterSettings.distributed_product_mode}`,
    ],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  const ended = once(child, "exit");
  const ready = once(child, "message");
  await Promise.race([
    ready,
    ended.then(() => Promise.reject(new Error("the engine of the cluster did not start"))),
  ]);
  return {
    socketPath,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

let files = 0;

async function forward(given: {
  request: IncomingMessage;
  response: ServerResponse;
  directory: string;
  socketPath: string;
}): Promise<void> {
  const { request, response, directory, socketPath } = given;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? "/", "http://localhost");
  for (const name of Object.keys(clusterSettings)) url.searchParams.delete(name);
  const query = url.searchParams.get("query");
  url.searchParams.delete("query");
  let sql = query ?? body.toString("utf8");
  if (query !== null) {
    const file = join(directory, `body-${++files}.bin`);
    await writeFile(file, body);
    sql = sql
      .replace(/\binput\(('(?:[^'\\]|\\.)*')\)/, (_, structure) => `file('${file}', RowBinary, ${structure})`)
      .replace(/ FORMAT RowBinary$/, "");
  }
  const asked = httpRequest({ socketPath, method: "POST", path: `${url.pathname}${url.search}` });
  response.once("close", () => asked.destroy());
  asked.once("error", (error) => response.destroy(error));
  asked.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  asked.end(unreplicated(sql));
}

const unreplicated = (sql: string) =>
  sql
    .replace(/ ON CLUSTER '[^']*'/, "")
    .replace(/\bReplicated(\w*MergeTree)\('[^']*', '\{replica\}'(?:, )?/, "$1(");

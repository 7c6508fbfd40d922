import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openClickHouse } from "@havn/clickhouse";
import { systemClock as clock, type Event } from "@havn/model";
import { createTelemetry } from "@havn/telemetry";
import { rowsPerBatch } from "@havn/telemetry/testing";
import { until } from "@havn/testkit";
import { copyExample } from "../apps/server/testing/examples.ts";
import { type Havn, openHavn } from "../apps/server/testing/havn.ts";
import { freePorts } from "../apps/server/testing/ports.ts";
import { allEnded, isAlive, kill9, processesOf } from "../apps/server/testing/processes.ts";
import { spawnServer } from "../apps/server/testing/server.ts";
import { type Sender, startSender } from "./kill/sender.ts";

/**
 * `kill -9` of the ClickHouse child, the PostgreSQL child and the control plane, `--times` (20) each in turn at random
 * moments, while hello runs, a sender pushes numbered samples, log lines and events, and tokens are made through the
 * API. Afterwards everything that was acknowledged must be there exactly once. Exits with 1 where it is not.
 *
 *   scripts/node.sh bench/kill.ts --times 20
 */
const { values } = parseArgs({ options: { times: { type: "string", default: "20" } } });
const times = Number(values.times);
const marks = { clickhouse: "clickhouse/embedded/child.ts", postgres: "bin/postgres -D" } as const;

const dataDirectory = await mkdtemp("/tmp/havn-kill-");
const port = await freePorts();
await using havn = await openHavn("kill", { dataDirectory, port });
await using example = await copyExample("hello");
let server = spawnServer({ dataDirectory, port });
await ready();
await havn.must(["up", example.directory, "--yes"]);
const sender = await openSender();
const tokens = startTokens();
const began = performance.now();
for (let kill = 0; kill < times * 3; kill++) {
  await clock.sleep(200 + Math.random() * 1800);
  if (process.stderr.isTTY || process.env.VERBOSE) process.stderr.write(`kill ${kill + 1} of ${times * 3}\n`);
  if (kill % 3 === 2) await killServer();
  else killChild(kill % 3 === 0 ? marks.clickhouse : marks.postgres);
}
await tokens.finish();
await sender.finish();
await ready();
const status = await until(
  async () => {
    const now = await havn.status("hello");
    return now.health === "healthy" && now;
  },
  { what: "hello to be healthy", timeoutMs: 60_000 },
);
const seconds = ((performance.now() - began) / 1000).toFixed(0);
const report = { ...(await countRecords(tokens, sender)), ...(await countTelemetry(sender)) };
console.log(`${hostname()}: ${times} kills each of ClickHouse, PostgreSQL and the server in ${seconds} s`);
for (const [what, { acknowledged, lost, doubled }] of Object.entries(report))
  console.log(`  ${what.padEnd(12)} ${acknowledged} acknowledged, ${lost} lost, ${doubled} doubled`);
const restarts = status.services[0]?.instances[0]?.restarts;
console.log(`  hello        ${status.health}, its instance was restarted ${restarts} times`);
const whole = Object.values(report).every(({ lost, doubled }) => lost + doubled === 0) && restarts === 0;
console.log(whole ? "Nothing acknowledged was lost or doubled." : "FAILED");
process.exitCode = whole ? 0 : 1;

async function ready(): Promise<void> {
  await until(async () => (await havn.call({ path: "/readyz" })).status === 200, {
    what: `the server to be ready: ${server.output().slice(-2000)}`,
    timeoutMs: 120_000,
  });
}

function killChild(mark: string): void {
  const child = processesOf(dataDirectory).find(({ command }) => command.includes(mark));
  if (child) kill9(child.pid);
}

async function killServer(): Promise<void> {
  const pid = server.child.pid ?? 0;
  kill9(pid);
  await until(() => !isAlive(pid), { what: "the end of the server" });
  server = spawnServer({ dataDirectory, port });
  await ready();
}

/** A second environment's host, of which this process takes the agent's place. */
async function openSender(): Promise<Sender> {
  const folder = await mkdtemp(join(dataDirectory, "sender-"));
  const config =
    'import { environment, thisComputer } from "havn";\nexport default environment("sender", { owner: "bench" }, () => void thisComputer());\n';
  await writeFile(join(folder, "havn.config.ts"), config);
  await havn.must(["up", folder, "--yes"]);
  const agent = join(dataDirectory, "agents/sender-this-computer");
  await writeFile(join(agent, "agent.mjs"), "setInterval(() => {}, 1e6);\n");
  for (const { pid, command } of processesOf(dataDirectory))
    if (command.includes(`${agent}/agent.mjs`) && !command.includes("supervise.sh")) kill9(pid);
  return startSender({
    port: port + 1,
    ca: await readFile(join(agent, "ca.pem"), "utf8"),
    pem: await readFile(join(agent, "identity.pem"), "utf8"),
    host: "sender/host/this-computer",
  });
}

interface Tokens {
  /** Names of tokens whose making was acknowledged, and of those that nobody knows of. */
  acknowledged: Set<string>;
  finish(): Promise<void>;
}

/** Makes tokens one after the other; one whose making was not acknowledged is not tried again. */
function startTokens(): Tokens {
  const acknowledged = new Set<string>();
  let finishing = false;
  const work = (async () => {
    for (let number = 0; !finishing; number++) {
      const body = { role: "viewer", name: `kill ${number}` };
      const answer = await havn.call({ method: "POST", path: "/api/v1/tokens", body }).catch(() => undefined);
      if (answer?.status === 201) acknowledged.add(body.name);
      await clock.sleep(20);
    }
  })();
  return {
    acknowledged,
    async finish() {
      finishing = true;
      await work;
    },
  };
}

interface Count {
  acknowledged: number;
  lost: number;
  doubled: number;
}

function compare<T>(acknowledged: ReadonlySet<T>, found: Iterable<T>): Count {
  const seen = new Map<T, number>();
  for (const each of found) seen.set(each, (seen.get(each) ?? 0) + 1);
  return {
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((each) => !seen.has(each)).length,
    doubled: [...seen.values()].filter((count) => count > 1).length,
  };
}

/** What stands in PostgreSQL: tokens, their events on the timeline, the sender's events. */
async function countRecords(made: Tokens, sent: Sender): Promise<Record<string, Count>> {
  const { tokens: list } = await havn.get<{ tokens: { name: string }[] }>("/api/v1/tokens");
  const created = await allEvents(havn, "kind=token.created");
  const told = await allEvents(havn, "environment=sender&kind=drift.found");
  const ours = (name: unknown): name is string => typeof name === "string" && name.startsWith("kill ");
  return {
    tokens: compare(made.acknowledged, list.map(({ name }) => name).filter(ours)),
    "on timeline": compare(
      made.acknowledged,
      created.map(({ summary }) => /"(kill \d+)"/.exec(summary)?.[1]).filter(ours),
    ),
    events: compare(
      sent.acknowledged.events,
      told.map(({ data }) => Number(data.number)),
    ),
  };
}

async function allEvents(from: Havn, query: string): Promise<Event[]> {
  const all: Event[] = [];
  for (let before = ""; ; ) {
    const { events } = await from.get<{ events: Event[] }>(`/api/v1/events?${query}&limit=1000${before}`);
    all.push(...events);
    if (events.length < 1000) return all;
    before = `&before=${Math.min(...events.map(({ id }) => id))}`;
  }
}

/** What stands in ClickHouse, once the server has ended and its spool is empty. */
async function countTelemetry(sent: Sender): Promise<Record<string, Count>> {
  await havn.must(["destroy", "hello", "--yes"]);
  for (const { pid, command } of processesOf(dataDirectory))
    if (command.includes("agents/sender-this-computer")) kill9(pid);
  server.child.kill("SIGTERM");
  await allEnded(dataDirectory);
  await using clickhouse = await openClickHouse({ dataDirectory: join(dataDirectory, "clickhouse") });
  await using telemetry = await createTelemetry({ clickhouse, spoolDirectory: join(dataDirectory, "spool") });
  await telemetry.flush();
  const rows = async (sql: string) => {
    const found: number[] = [];
    for (const { row, times: count } of await clickhouse.rows<{ row: number; times: number }>(sql))
      for (let copy = 0; copy < count; copy++) found.push(row);
    return found;
  };
  const numbers = (batches: ReadonlySet<number>) =>
    new Set(
      [...batches].flatMap((batch) =>
        Array.from({ length: rowsPerBatch }, (_, row) => batch * rowsPerBatch + row),
      ),
    );
  return {
    samples: compare(
      numbers(sent.acknowledged.samples),
      await rows(
        "SELECT toUInt32(value) AS row, toUInt32(count()) AS times FROM samples FINAL " +
          "WHERE series_id IN (SELECT id FROM series WHERE name = 'kill_total') GROUP BY row",
      ),
    ),
    "log lines": compare(
      numbers(sent.acknowledged.logs),
      await rows(
        "SELECT toUInt32(substring(Body, 6)) AS row, toUInt32(count()) AS times FROM logs " +
          "WHERE Environment = 'sender' AND startsWith(Body, 'line ') GROUP BY row",
      ),
    ),
  };
}

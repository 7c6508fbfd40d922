import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAccess } from "@havn/access";
import { compileMatchers, createAlerting } from "@havn/alerting";
import { openClickHouse } from "@havn/clickhouse";
import { createDelivery } from "@havn/delivery";
import { createFleet } from "@havn/fleet";
import { createNspawnProvider } from "@havn/fleet/machines/nspawn";
import { createGrpcServer, createHttpServer, createLive } from "@havn/http";
import { createInfrastructure, infrastructureRoutes, type ResourceExecutor } from "@havn/infrastructure";
import { createInsight } from "@havn/insight";
import { systemClock as clock } from "@havn/model";
import { openPostgres } from "@havn/postgres";
import { createPromqlEngine, sharedSelections } from "@havn/promql";
import { promqlRoutes } from "@havn/promql/http";
import { createResponse } from "@havn/response";
import { createRetention, createScraping, createTelemetry } from "@havn/telemetry";
import { createTimeline, timelineRoutes } from "@havn/timeline";
import { buildWeb, webRoutes } from "@havn/web";
import { openWorkflows } from "@havn/workflows";
import { parseServerConfig } from "./config.ts";
import {
  alertChanges,
  connectRooms,
  countInstances,
  listExpected,
  listGraphs,
  mentionsOfMetrics,
  querySamples,
} from "./connect.ts";
import { downRoute } from "./down.ts";
import { createHands } from "./hands.ts";
import { endWithReason, log, running, untilSignal, writeServerRecord } from "./lifecycle.ts";
import { lockDataDirectory } from "./lock.ts";
import { listenNsca } from "./nsca.ts";
import { createOwnMetrics, refusedSamplesOf } from "./own-metrics.ts";
import { createResolve } from "./references.ts";
import { createStatus } from "./status.ts";
import { readDisk, startUpkeep } from "./upkeep.ts";
import { createPing } from "./witness.ts";

process.on("uncaughtException", endWithReason).on("unhandledRejection", endWithReason);
const stopped = untilSignal("SIGINT", "SIGTERM");
const config = parseServerConfig(process.env);
const { dataDirectory } = config;
const inData = (name: string) => join(dataDirectory, name);
await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
await using _lock = await lockDataDirectory(dataDirectory);

// Stores.
const [openedPostgres, openedClickHouse] = await Promise.all([
  openPostgres(config.postgres),
  openClickHouse(config.clickhouse),
]);
await using postgres = openedPostgres;
await using clickhouse = openedClickHouse;
const { sql } = postgres;
const timeline = await createTimeline({ sql, clock });
await using telemetry = await createTelemetry({
  ...{ clickhouse, clock, log },
  spoolDirectory: inData("spool"),
  scraped: () => scraping.targets(),
  mentions: () => mentionsOfMetrics(infrastructure, insight),
  limits: { series: config.queries.maxSeries, samples: config.queries.maxSamples },
  largestCacheBytes: config.queries.cacheBytes,
});
const promql = createPromqlEngine({ querier: telemetry.querier, ...config.queries });

// Rooms. Where one needs what another offers, it is handed over here.
const access = await createAccess({ sql, clock, timeline, dataDirectory });
const resolve = createResolve({
  secrets: access.secrets,
  hostAddress: (host): string | undefined => fleet.hostAddress(host),
});
const retention = await createRetention({ sql, clickhouse, rollups: telemetry.rollups });
await using scraping = await createScraping({ sql, sinks: telemetry.sinks, resolve, clock, log });
await using fleet = await createFleet({
  ...{ sql, clock, timeline, dataDirectory, log },
  resolve,
  handlers: {
    telemetry: telemetry.ingest,
    artifact: (digest, offset) => delivery.artifacts.read(digest, offset),
    certificateNames: (host, address) => infrastructure.certificateNames(host, address),
    event: (host, event) => alerting.agentEvent(host, event),
    checks: (host, results) => alerting.checkResults(host, results),
  },
  secretValues: access.secrets.values,
  checkMatcher: (text) => void compileMatchers([text]),
  agent: { entry: fileURLToPath(new URL("../agent/main.ts", import.meta.url)), nodeBinary: process.execPath },
  machineProvider: createNspawnProvider({ dataDirectory }),
});
const alerting = await createAlerting({
  ...{ sql, clock, timeline },
  query: (expr, at, signal) => promql.instant(expr, at, { signal }),
  recording: {
    queryRange: (expr, window, signal) => promql.range(expr, window, { signal }),
    shareQuery() {
      const shared = createPromqlEngine({ querier: sharedSelections(telemetry.querier) });
      return (expr, at, signal) => shared.instant(expr, at, { signal });
    },
    series: { write: telemetry.write, flush: telemetry.flush },
    externalUrl: config.publicUrl,
  },
  desired: fleet.desired,
  services: () => countInstances(infrastructure, delivery),
  refusedSeries: telemetry.refusedSeries,
  refusedSamples: telemetry.refusedSamples,
  runChecks: async (host, addresses) =>
    (await fleet.hosts.call(host, "checks.run", { addresses }, { timeoutMs: 20_000 })).results,
  resolve,
  record: telemetry.record,
  writeLines: telemetry.writeLines,
  graphs: () => listGraphs(infrastructure),
  uncovered: () => response.uncovered(),
  pagesSince: (at) => response.pagesSince(at),
  maintenance: fleet.maintenance.known,
  whom: (receiver, at) => response.whom(receiver, at),
  expected: (environment, of) => listExpected({ environment, of }, { infrastructure, scraping }),
  countLogs: telemetry.logs.count,
  hasSeries: async (matchers, range, signal) =>
    (await telemetry.querier.labelValues("__name__", [matchers], range, signal)).length > 0,
  // No environment of a person can have this name, and so nobody can refer to the key.
  heartbeatKey: await access.secrets.ensure("havn.internal", "heartbeats"),
  deliver: (told) => response.deliver(told),
  log,
});
await using workflows = await openWorkflows({ sql, postgresUrl: postgres.url, executorId: "havn" });
const live = createLive();
await using response = await createResponse({
  ...{ sql, clock, timeline, workflows, resolve },
  // No environment of a person can have this name, and so nobody can refer to the key.
  answerKey: await access.secrets.ensure("havn.internal", "page-answers"),
  publicUrl: () => config.publicUrl,
  commands: config.notifierCommands,
  compileMatchers,
  hands: {
    chooseHosts: (...asked) => hands.chooseHosts(...asked),
    run: (request) => hands.run(request),
    query: (...asked) => hands.query(...asked),
    hostsOf: (...asked) => hands.hostsOf(...asked),
    restart: (request) => hands.restart(request),
    rollback: (request) => hands.rollback(request),
    scale: (request) => hands.scale(request),
  },
  graph: async (environment) =>
    (await infrastructure.graph(environment).catch(() => undefined))?.resources ?? [],
  statusDirectory: inData("status"),
  alerts: () => alertChanges(alerting, alerting.list()),
  alertViews: alerting.views,
});
const insight = await createInsight({ sql, clock, timeline });
const own = createOwnMetrics();
const infrastructure = await createInfrastructure({
  ...{ sql, clock, timeline, workflows },
  hosts: fleet.hosts,
  hostConnected: fleet.hosts.isConnected,
  hostsSettled: fleet.hosts.waitExpected,
  hostReport: fleet.report,
  desired: fleet.desired,
  prepareSecrets: access.prepareSecrets,
  keepSecret: access.secrets.set,
  fingerprint: async (environment, secret) =>
    access.secrets.fingerprint(await access.secrets.open(environment, secret)),
  executors: (): ResourceExecutor[] => [
    ...fleet.executors,
    delivery.executor,
    alerting.executor,
    alerting.rulesExecutor,
    scraping.executor,
    retention.executor,
    response.executor,
    insight.executor,
  ],
  missingArtifacts: async (digests) => {
    const { find, files } = delivery.artifacts;
    const found = await Promise.all(
      digests.map(async (digest) => (await find(digest)) !== undefined || files.has(digest)),
    );
    return digests.filter((_, index) => !found[index]);
  },
  gates: {
    query: (query) => querySamples(promql, { ...query, at: clock.now() }),
    alerts: (environment) => alerting.list({ environment }).filter(({ state }) => state !== "resolved"),
  },
  expectations: alerting.expected,
  onProgress: (apply) => {
    live.publish(`apply:${apply.id}`, apply);
    if (apply.state !== "running") void alerting.heldChanged();
    own.applied(apply);
    status.changed(apply.environment);
  },
});
const delivery = await createDelivery({
  ...{ sql, clock, timeline },
  hosts: fleet.hosts,
  desired: fleet.desired,
  artifactsDirectory: inData("artifacts"),
  filesInUse: infrastructure.filesInUse,
  hostAddress: fleet.hostAddress,
  runtimeOf: fleet.runtimeOf,
  report: fleet.report,
  startApply: infrastructure.applies.startResource,
  expectations: alerting.expected,
});
const hands = createHands({ fleet, delivery, infrastructure, promql, clock });
const status = createStatus(
  {
    environments: infrastructure.environments,
    hosts: fleet.status,
    delivery: delivery.status,
    alerts: (environment) => alerting.list({ environment }),
    runningApplies: (environment) => infrastructure.applies.list({ environment, state: "running" }),
  },
  { live, clock },
);

connectRooms({ fleet, alerting, response, timeline, telemetry, infrastructure, status, live });

const witness = createPing({ url: config.witnessUrl, now: clock.now });

// Work that was under way goes on, then the doors open.
await workflows.launch();
await infrastructure.applies.recover();
const agentPort = await fleet.gateway.listen({ port: config.agentPort, address: "127.0.0.1" });
await fleet.start();
await scraping.start();
await retention.start();
await using _nsca = await listenNsca(config.nsca, { alerting, clock, log });
await using _rules = running((signal) => alerting.start(signal));
await using _upkeep = startUpkeep(
  [
    {
      what: "taking up applies that nobody carries on",
      everyMs: 15_000,
      work: infrastructure.applies.recover,
    },
    {
      what: "looking after open pages",
      everyMs: 30_000,
      async work() {
        await response.sweep();
        witness.alive();
      },
    },
    { what: "pinging the witness", everyMs: 15_000, work: witness.ping },
    {
      what: "writing down what it counts of itself",
      everyMs: 15_000,
      work: () =>
        telemetry.record([...own.samples(), ...refusedSamplesOf(telemetry), ...alerting.ruleSamples()]),
    },
    { what: "writing down what metrics were asked for", everyMs: 60_000, work: telemetry.saveAsked },
    {
      what: "rolling up metrics, and letting go of old ones",
      everyMs: 60_000,
      work: telemetry.rollups.pass,
    },
    {
      what: "forgetting what is old",
      everyMs: 3_600_000,
      async work() {
        await workflows.prune(clock.now() - 7 * 86_400_000);
        for (const room of [
          ...[infrastructure, delivery, fleet.enrolment, fleet.maintenance, fleet.runs],
          ...[access, timeline, response, insight],
        ])
          await room.prune();
        const users = [infrastructure, delivery, fleet];
        await access.pruneSealed(async () =>
          (await Promise.all(users.map((room) => room.sealedInUse()))).flat(),
        );
      },
    },
  ],
  { clock, log },
);
const web = await buildWeb({ outDirectory: inData("web") });
await using server = await createHttpServer({
  access,
  live,
  allowedHosts: config.hostnames,
  routes: [
    ...access.routes,
    ...fleet.routes,
    ...infrastructureRoutes(infrastructure, access),
    ...delivery.routes,
    ...alerting.routes,
    ...response.routes,
    ...insight.routes,
    ...telemetry.routes,
    ...scraping.routes,
    ...retention.routes,
    ...promqlRoutes({
      engine: promql,
      querier: telemetry.querier,
      clock,
      stopwatch: () => performance.now(),
      ...config.queries,
    }),
    ...timelineRoutes(timeline),
    ...status.routes,
    own.route,
    downRoute(async (tell) => {
      // An apply that is under way goes on after the next start, rather than fail because its hosts go.
      workflows.rest();
      await fleet.standDown(tell);
    }),
    ...webRoutes(web),
  ],
  parts: {
    postgres: postgres.healthy,
    clickhouse: async () => ({
      ok: await clickhouse.healthy(),
      detail: `${telemetry.stats().spoolBytes} bytes spooled`,
    }),
    workflows: async () => workflows.healthy(),
    agents: async () => ({ ok: true, detail: `gateway on port ${agentPort}` }),
    disk: () => readDisk(dataDirectory),
  },
});
const { port } = await server.listen({ port: config.port, address: config.listen });
await using grpc = createGrpcServer({ access, methods: telemetry.grpcMethods, log });
if (config.otlpGrpcPort !== undefined)
  await grpc.listen({ port: config.otlpGrpcPort, address: config.listen });
await using _record = await writeServerRecord(dataDirectory, { port, agentPort });
log(`listening on http://127.0.0.1:${port}, agents on port ${agentPort}`);

log(`${await stopped}: closing`);

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createNrpeServer } from "@havn/alerting/agent";
import { createBalancer, createInstances } from "@havn/delivery/agent";
import { type AgentEvent, type HostReport, maximumCallMs } from "@havn/fleet/protocol";
import { createResourceHost } from "@havn/infrastructure/host";
import { systemClock as clock, HavnError } from "@havn/model";
import { createTelemetryAgent, listenFromEnvironment } from "@havn/telemetry/agent";
import { createArtifacts } from "./artifacts.ts";
import { readConfig } from "./config.ts";
import { openLink } from "./connection/link.ts";
import { readFacts } from "./facts.ts";
import { createLog, isLogLevel } from "./log.ts";
import { createMethods } from "./methods.ts";
import { startReports } from "./reports.ts";
import { createChecks } from "./rooms/checks.ts";
import { createCommands } from "./rooms/commands.ts";
import { createCopies } from "./rooms/copies.ts";
import { createResources } from "./rooms/resources.ts";
import { createRunChannel } from "./rooms/run-channel.ts";
import { followSources } from "./rooms/sources.ts";
import { observed } from "./rooms/telemetry.ts";
import { openDesiredState } from "./state/desired.ts";
import { openOutbox } from "./state/outbox.ts";

const level = process.env.HAVN_LOG;
const log = createLog(isLogLevel(level) ? level : "info", process.env.JOURNAL_STREAM !== undefined);
process.on("uncaughtException", fail).on("unhandledRejection", fail);
const stopped = new Promise<void>((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
});

const { data } = parseArgs({ options: { data: { type: "string" } } }).values;
if (!data) throw new HavnError("Give the agent's data directory: --data DIRECTORY");
const dataDirectory = data;
const config = await readConfig(dataDirectory);
const stateDirectory = join(dataDirectory, "state");
await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
const facts = await readFacts();
const underSystemd = facts.init === "systemd" && process.env.INVOCATION_ID !== undefined;
const heartbeatMs = 5000;

// What is kept on disk.
const state = await openDesiredState(dataDirectory, log);
await using outbox = await openOutbox({
  dataDirectory,
  clock,
  log,
  send: async (events) => void (await link.call("events.push", { events })),
});
const onEvent = (event: AgentEvent) => outbox.add(event);
const onChange = () => {
  const { targets, units } = observed(config.name, instances, balancer);
  telemetry.setTargets(targets);
  telemetry.followUnits(units);
  reports.changed();
};

// What this host does.
const readArtifact = async (digest: string, offset: number) => {
  const { result, bytes } = await link.call("artifact.read", { digest, offset });
  return { size: result.size, bytes };
};
const artifacts = createArtifacts(join(dataDirectory, "artifacts"), { read: readArtifact });
const resourceHost = await createResourceHost({
  ...{ stateDirectory, clock },
  controlPlane: {
    reach: (signal) => link.reach(signal),
    certify: async (address, request) => (await link.call("certificate.issue", { address, request })).result,
    artifact: readArtifact,
  },
});
await using telemetry = await createTelemetryAgent({
  spoolDirectory: join(dataDirectory, "spool"),
  labels: { env: config.environment, host: config.name },
  clock,
  journal: underSystemd ? "host" : "off",
  listen: listenFromEnvironment(process.env),
  log: log.warn,
  further: () => resources.samples(),
  push: async (kind, batch, rows, bytes) =>
    void (await link.call("telemetry.push", { kind, batch, rows }, { bytes })),
});
// From here to the end of the map without a pause: rooms tell of changes to what is made below them.
await using resources = createResources({
  host: resourceHost,
  ...{ clock, log, onChange, onEvent },
  desired: state.get,
});
await using instances = createInstances({
  ...{ stateDirectory, clock, onChange, onEvent },
  releasesDirectory: join(dataDirectory, "releases"),
  fetchArtifact: artifacts.fetch,
  writeLog: ({ service, instance, line }) => telemetry.writeLine({ service, instance, line }),
});
await using balancer = createBalancer({
  ...{ stateDirectory, clock, onChange, onEvent },
  runtime: underSystemd ? "systemd" : "process",
  writeLog: ({ balancer: instance, line }) => telemetry.writeLine({ service: "", instance, line }),
});
await using sources = followSources({
  ...{ host: config.name, telemetry, clock },
  log: log.warn,
  types: () => new Set(state.get()?.resources.map(({ type }) => type)),
});
await using checks = await createChecks({
  ...{ stateDirectory, clock, telemetry, log },
  push: async (results) => void (await link.call("checks.push", { results })),
  isConnected: () => link.isConnected(),
});
await using nrpe = createNrpeServer({ log: log.warn });
const channel = createRunChannel({
  // It is taken as fast as somebody reads it.
  output: async (run, stream, bytes) =>
    void (await link.call("run.output", { run, stream }, { bytes, timeoutMs: maximumCallMs })),
  async input(run, offset) {
    const { result, bytes } = await link.call("run.input", { run, offset });
    return { size: result.size, bytes };
  },
});
const commands = createCommands({ clock, channel });
const copies = createCopies({ channel });

// The control plane.
const readReport = (): HostReport => ({
  at: clock.now(),
  revision: state.revision(),
  instances: instances.list(),
  balancers: balancer.list(),
  drift: resources.drift().readings,
  driftCheckedAt: resources.drift().checkedAt,
  fights: resources.fights(),
});
await using link = openLink({
  ...{ dataDirectory, clock, log },
  handlers: createMethods({
    ...{ readFacts, state, resources, instances, balancer, commands, copies, checks },
    ...{ desiredChanged, rest, leave },
  }),
  hello: async () => {
    // A report from before then would tell of nothing that runs.
    await resumed;
    return { facts: await readFacts(), report: readReport() };
  },
  connected: () => {
    outbox.flush();
    telemetry.wake();
    checks.connected();
  },
});
await using reports = startReports({
  ...{ clock, heartbeatMs },
  read: readReport,
  send: async (report) => void (await link.call("report", report, { timeoutMs: 10_000 })),
  isConnected: () => link.isConnected(),
});

// What ran before runs again, whether the control plane is there or not.
const desired = state.get();
applyChecks();
const resumed = Promise.all([
  instances.resume(desired?.instances ?? []),
  balancer.resume(desired?.balancers ?? []),
]);
await resumed;
log.info(`agent of ${config.host}, version ${facts.agentVersion}`);
await stopped;
log.info("stopping; instances go on");

function desiredChanged(): void {
  resources.desiredChanged();
  void sources.look();
  applyChecks();
}

function applyChecks(): void {
  const wanted = state.get();
  checks.set(wanted?.checks ?? []);
  // A port that is taken is no reason to do nothing else.
  nrpe.set(wanted?.nrpe ?? undefined).catch((cause: Error) => log.error(`NRPE: ${cause.message}`));
}

/** Ends what would outlive the agent; what the host shall be stays as it is, and brings it back. */
async function rest(): Promise<void> {
  // What systemd keeps running stops with its machine.
  const own = instances.specs().filter(({ runtime }) => runtime === "process");
  if (!underSystemd) await Promise.all(balancer.list().map(({ name }) => balancer.remove(name)));
  await Promise.all(own.map(({ id }) => instances.stop(id)));
}

/** Ends and forgets all that runs here for Havn; the agent itself is removed by who installed it. */
async function leave(): Promise<void> {
  await state.change((held) => ({
    ...held,
    resources: [],
    instances: [],
    balancers: [],
    checks: [],
    nrpe: undefined,
    secrets: {},
    secretValues: [],
  }));
  desiredChanged();
  await Promise.all(balancer.list().map(({ name }) => balancer.remove(name)));
  await Promise.all(instances.specs().map(({ id }) => instances.stop(id)));
}

function fail(error: unknown): never {
  log.error(
    error instanceof HavnError ? `${error.message}. ${error.detail}` : `${(error as Error)?.stack ?? error}`,
  );
  process.exit(1);
}

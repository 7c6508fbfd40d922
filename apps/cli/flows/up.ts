import { type EnvironmentStatus, findDuration } from "@havn/model";
import { type Api, createApi } from "../api/client.ts";
import { connect } from "../api/connect.ts";
import { signInLink } from "../api/schemas.ts";
import { loadConfig } from "../config/load.ts";
import { type Invocation, type OptionDefinitions, shared } from "../kit/command.ts";
import { UsageError } from "../kit/exit.ts";
import { readCliToken } from "../server/control.ts";
import { upView } from "../views/up.ts";
import { carryOut, makePlan } from "./apply.ts";
import { waitHealthy } from "./healthy.ts";
import { startServer } from "./local.ts";
import { remember } from "./memory.ts";

export const upOptions = {
  environment: shared.declared,
  yes: shared.yes,
  timeout: {
    type: "string",
    value: "DURATION",
    description: "how long to wait until healthy (3m where unset)",
  },
} as const satisfies OptionDefinitions;
type UpOptions = typeof upOptions;

/** `havn up`: from a configuration to something that runs and is healthy. */
export async function bringUp(invocation: Invocation<UpOptions>): Promise<undefined> {
  const {
    arguments: [path],
    options,
    globals,
    io,
    signal,
  } = invocation;
  const timeoutMs = findDuration(options.timeout ?? "3m");
  if (timeoutMs === undefined)
    throw new UsageError(`--timeout "${options.timeout}" is no duration`, 'Write for example "5m".');
  // First of all: a mistake in the configuration is told before anything starts.
  const config = await loadConfig({ path, environment: options.environment, globals, io, signal });
  const api = await startApi(invocation);
  const flow = { api, io, signal };
  const { environment } = config.graph;
  const plan = await makePlan(flow, { graph: config.graph });
  // Remembered before it is applied: after an interruption, `havn up` goes on with it.
  remember(globals, { environment, config: config.file });
  await carryOut(flow, { plan, sources: config.sources, kind: "apply", yes: options.yes });
  const status = await waitHealthy(flow, environment, timeoutMs);
  await tellResult(invocation, api, status);
  return undefined;
}

async function startApi(invocation: Invocation<UpOptions>): Promise<Api> {
  const { globals, io, signal } = invocation;
  if (globals.remote) return await connect(globals, signal);
  const began = Date.now();
  const { server, started } = await startServer(invocation);
  if (started)
    io.tell(
      `${io.style.green("✓")} Havn runs in the background (${((Date.now() - began) / 1000).toFixed(1)} s).`,
    );
  return createApi({
    url: `http://127.0.0.1:${server.port}`,
    token: readCliToken(globals.dataDirectory),
    whenAway: "It was started and may be restarting: see `havn server status`.",
  });
}

async function tellResult(
  { globals, io, signal }: Invocation<UpOptions>,
  api: Api,
  status: EnvironmentStatus,
): Promise<void> {
  const link = await api.post("/api/v1/sign-in-links", signInLink, { body: {}, signal });
  const graph = await api.get(
    `/api/v1/environments/${encodeURIComponent(status.environment)}/graph`,
    (await import("@havn/model")).resourceGraphSchema,
    { signal },
  );
  io.tell("");
  io.out(
    upView(
      { status, graph, link, web: api.target.url, havn: globals.environment.HAVN_CALLED || "havn" },
      { style: io.style, now: io.now() },
    ),
  );
}

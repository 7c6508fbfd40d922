import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import { askBacktest, declaredRule } from "../../flows/backtest.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { sinceOption } from "../../flows/since.ts";
import { isTestFile, testFile } from "../../flows/unit-tests.ts";
import { defineCommand, type Globals, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import type { Io } from "../../kit/io.ts";
import { backtestView } from "../../views/backtest.ts";
import { unitTestsView } from "../../views/unit-tests.ts";

interface Options {
  environment: string | undefined;
  since: string | undefined;
  until: string | undefined;
  config: string | undefined;
  expr: string | undefined;
  for: string | undefined;
  "keep-firing-for": string | undefined;
  interval: string | undefined;
  json: boolean;
}

export const command = defineCommand({
  name: "alerts test",
  summary: "when a rule would have fired and whom it would have reached; unit tests of rule files",
  group: "Look",
  description:
    "Replays an alerting rule over history with the control plane's own state machine, routing and schedules: when it " +
    "would have been pending, fired and resolved, and whom it would have told and asked. What is taken as it is now, " +
    "since nobody knows how it was, is said at the end.\n\n" +
    "Given files (*.yml), it runs unit tests of rules in promtool's format, here and without a control plane. The exit " +
    "code is 1 where one fails.",
  access: ["rule:read"],
  arguments: [
    { name: "RULE", description: "an alerting rule by its name (GROUP/NAME where several have it)" },
  ],
  options: {
    environment: shared.environment,
    since: { type: "string", value: "DURATION", description: "how far back, or from when (7d where unset)" },
    until: { type: "string", value: "TIME", description: "up to when, as a time (now where unset)" },
    config: {
      type: "string",
      value: "PATH",
      description:
        "the rule and the routes as this configuration declares them, applied or not (`.`: the one here)",
    },
    expr: { type: "string", value: "PROMQL", description: "with this expression instead" },
    for: { type: "string", value: "DURATION", description: "with this `for` instead" },
    "keep-firing-for": {
      type: "string",
      value: "DURATION",
      description: "with this `keepFiringFor` instead",
    },
    interval: { type: "string", value: "DURATION", description: "evaluated at this interval instead" },
    json: shared.json,
  },
  examples: [
    ["havn alerts test disk-full --since 30d", "a rule of the environment"],
    ["havn alerts test disk-full --since 30d --for 15m", "what if it waited longer?"],
    [
      "havn alerts test disk-full --config . --since 30d",
      "as it stands in the configuration, not applied yet",
    ],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    await testRule(name, options, { globals, io, signal });
    return undefined;
  },
});

async function testFiles(
  names: readonly string[],
  json: boolean,
  { globals, io, signal }: { globals: Globals; io: Io; signal: AbortSignal },
): Promise<number> {
  const files = [];
  for (const name of names) files.push(await testFile(name, { cwd: globals.cwd, signal }));
  io.out(json ? JSON.stringify({ files }, undefined, 2) : unitTestsView(files, io.style));
  return files.some(({ failures, faults }) => failures.length + faults.length > 0) ? 1 : 0;
}

async function testRule(
  name: string,
  options: Options,
  { globals, io, signal }: { globals: Globals; io: Io; signal: AbortSignal },
): Promise<void> {
  const now = io.now();
  const until = options.until === undefined ? now : sinceOption(options.until, now);
  const from = sinceOption(options.since ?? "7d", now);
  if (until === undefined || from === undefined || from >= until)
    throw new UsageError("--since does not lie before --until", "Write for example --since 30d.");
  const { config, environment: chosen } = options;
  const declared =
    config === undefined
      ? undefined
      : await loadConfig({
          path: config === "." ? undefined : config,
          environment: chosen,
          globals,
          io,
          signal,
        });
  const api = await connect(globals, signal);
  const meant = declared
    ? declaredRule(declared.graph, name)
    : { environment: await chooseEnvironment(chosen, { globals, api, signal }), rule: name };
  const overrides = {
    ...(options.expr !== undefined && { expr: options.expr }),
    ...(options.for !== undefined && { for: options.for }),
    ...(options["keep-firing-for"] !== undefined && { keepFiringFor: options["keep-firing-for"] }),
    ...(options.interval !== undefined && { interval: options.interval }),
  };
  let told = -1;
  const answer = await askBacktest(
    { ...meant, overrides, from: Math.floor(from), until: Math.floor(until) },
    {
      ...{ api, signal },
      progress(done) {
        const tenth = Math.floor(done * 10);
        if (tenth === told) return;
        told = tenth;
        io.tell(`${Math.round(done * 100)} %`);
      },
    },
  );
  io.out(
    options.json
      ? JSON.stringify(answer, undefined, 2)
      : backtestView(answer, { style: io.style, columns: io.columns }),
  );
}

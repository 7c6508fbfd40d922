import { connect } from "../../api/connect.ts";
import { followLogs, readLogs } from "../../flows/logs.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { sinceOption } from "../../flows/since.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { logLine } from "../../views/logs.ts";

export const command = defineCommand({
  name: "logs",
  summary: "what services and hosts say",
  group: "Look",
  access: ["log:read"],
  arguments: [{ name: "SERVICE", description: "unset: all services and hosts", optional: true }],
  options: {
    follow: { type: "boolean", short: "f", description: "go on with new lines until Ctrl-C" },
    since: { type: "string", value: "TIME", description: 'from "10m" ago, or from an ISO time' },
    host: { type: "string", value: "HOST", description: "only from this host" },
    grep: { type: "string", value: "TEXT", description: "only lines that contain this" },
    severity: {
      type: "string",
      value: "LEVEL",
      description: "only these or worse",
      choices: ["trace", "debug", "info", "warn", "error", "fatal"],
    },
    lines: { type: "string", short: "n", value: "N", description: "at most the newest N (100 where unset)" },
    environment: shared.environment,
    json: { type: "boolean", description: "one JSON object a line" },
  },
  examples: [
    ["havn logs shop -f", "a service's lines as they come"],
    ["havn logs --host db-1 --since 1h --severity warn", "warnings of one host"],
    ["havn logs shop --grep timeout --json", "for a program"],
  ],
  async run({ arguments: [service], options, globals, io, signal }) {
    const limit = options.lines === undefined ? 100 : Number(options.lines);
    if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
      throw new UsageError(`--lines "${options.lines}" is not a number from 1 to 10000`);
    const since = sinceOption(options.since, io.now());
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const search = {
      environment,
      service,
      host: options.host,
      contains: options.grep,
      severity: options.severity,
      since,
      limit,
    };
    const show = (records: Awaited<ReturnType<typeof readLogs>>) => {
      for (const record of records) io.out(options.json ? JSON.stringify(record) : logLine(record, io.style));
    };
    if (options.follow) await followLogs({ api, io, signal }, search, show);
    else show(await readLogs(api, search, signal));
    return undefined;
  },
});

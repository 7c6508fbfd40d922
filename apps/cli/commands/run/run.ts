import { findDuration, type HostRun, type Run, type RunTask, runSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import {
  createLines,
  environmentOf,
  findRunId,
  followRun,
  type RunFlow,
  sendInput,
} from "../../flows/run.ts";
import { defineCommand, type Globals, shared } from "../../kit/command.ts";
import { exitCodes, Interrupted, UsageError } from "../../kit/exit.ts";
import type { Io } from "../../kit/io.ts";
import { runSummary } from "../../views/run.ts";
import { count } from "../../views/words.ts";

export const command = defineCommand({
  name: "run",
  summary: "run a command on many hosts at once",
  group: "Hosts",
  description:
    "HOSTS is a name, a pattern (web-*, web-[1-3]), a label (role=web), a group of an inventory (@web), a host of " +
    "another environment (prod/web-1), or several of them with & | ! and parentheses. The words after -- reach the " +
    "command as they are, without a shell. What it writes is shown line by line and recorded; standard input that is " +
    "a file or a pipe goes to it on every host. Ctrl-C stops it everywhere. Exit code 1: it failed somewhere.",
  access: ["run:create"],
  arguments: [
    { name: "HOSTS", description: "which hosts; left out with --again", optional: true },
    { name: "COMMAND", description: "program and arguments, after --", optional: true, repeated: true },
  ],
  options: {
    environment: shared.environment,
    concurrency: { type: "string", value: "N", description: "hosts at once (50 where unset)" },
    timeout: {
      type: "string",
      value: "TIME",
      description: 'stop it on a host after this, for example "30s"',
    },
    user: {
      type: "string",
      short: "u",
      value: "USER",
      description: "run it as this user (root where unset)",
    },
    directory: { type: "string", value: "DIR", description: "where it starts (the user's home where unset)" },
    shell: { type: "boolean", description: "the words are a script for /bin/sh" },
    group: {
      type: "boolean",
      short: "g",
      description: "show at the end, hosts with the same output together",
    },
    stdin: { type: "boolean", description: "give it standard input, whatever that is" },
    "no-stdin": { type: "boolean", description: "give it no standard input" },
    again: { type: "string", value: "RUN", description: "the same again on the same hosts" },
    failed: { type: "boolean", description: "with --again: only where it did not succeed" },
    json: { type: "boolean", description: "one JSON object a line: lines, ends of hosts, and the run" },
  },
  examples: [
    ["havn run web-* -- systemctl is-active nginx", "a command on every web server"],
    ["havn run 'role=db & !db-1' --shell -- 'df -h / | tail -1'", "with a pipe: through /bin/sh"],
    ["havn run '*' --user app -- sh < fix.sh", "a script from standard input, as another user"],
    ["havn run -g '*' -- uname -r", "hosts that say the same together"],
    ["havn run --again 1f2e3d4c --failed", "once more where it failed"],
  ],
  async run({ arguments: [hosts, ...words], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const flow: RunFlow = { api, io, signal };
    const typed = { hosts, words: words.filter((word) => word !== undefined) };
    const run = options.again
      ? await repeat(flow, typed, { id: options.again, failedOnly: options.failed })
      : await create(flow, typed, { options, globals });
    if (!options.again && !options["no-stdin"] && (options.stdin || io.piped))
      await sendInput(flow, run, io.input);
    return follow(flow, run, { json: options.json, group: options.group });
  },
});

interface Typed {
  hosts: string | undefined;
  words: string[];
}

interface CreateOptions {
  options: {
    environment: string | undefined;
    concurrency: string | undefined;
    timeout: string | undefined;
    user: string | undefined;
    directory: string | undefined;
    shell: boolean;
    failed: boolean;
  };
  globals: Globals;
}

async function create(
  { api, signal }: RunFlow,
  { hosts, words }: Typed,
  { options, globals }: CreateOptions,
): Promise<Run> {
  if (options.failed)
    throw new UsageError("--failed goes with --again", "Write havn run --again RUN --failed.");
  const [program, ...args] = words;
  if (hosts === undefined || program === undefined)
    throw new UsageError("havn run needs hosts and a command", "Write havn run HOSTS -- COMMAND…");
  const task: RunTask = {
    kind: "command",
    command: [program, ...args],
    shell: options.shell,
    ...(options.user !== undefined && { user: options.user }),
    ...(options.directory !== undefined && { directory: options.directory }),
    ...(options.timeout !== undefined && { timeoutMs: durationOption("--timeout", options.timeout) }),
  };
  const environment = await environmentOf(hosts, options.environment, { globals, api, signal });
  const concurrency = options.concurrency === undefined ? undefined : Number(options.concurrency);
  if (
    concurrency !== undefined &&
    !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 1000)
  )
    throw new UsageError(`--concurrency "${options.concurrency}" is not a number from 1 to 1000`);
  return api.post("/api/v1/runs", runSchema, { body: { task, hosts, environment, concurrency }, signal });
}

async function repeat(
  flow: RunFlow,
  { hosts }: Typed,
  { id, failedOnly }: { id: string; failedOnly: boolean },
): Promise<Run> {
  if (hosts !== undefined)
    throw new UsageError("--again takes hosts and command from the run", "Write havn run --again RUN.");
  const again = await findRunId(flow, id);
  return flow.api.post("/api/v1/runs", runSchema, { body: { again, failedOnly }, signal: flow.signal });
}

function durationOption(name: string, text: string): number {
  const milliseconds = findDuration(text);
  if (milliseconds) return milliseconds;
  throw new UsageError(`${name} "${text}" is no duration`, 'Write for example "30s" or "5m".');
}

async function follow(
  flow: RunFlow,
  run: Run,
  { json, group }: { json: boolean; group: boolean },
): Promise<number> {
  const { io, signal } = flow;
  const lines = createLines(run, { io, json });
  if (run.results.length > 1 && !json) io.tell(io.style.dim(`on ${count(run.results.length, "host")}`));
  const results = new Map<string, HostRun>();
  const ended = await followRun(flow, run, (event) => {
    if (event.kind === "output" && !group) lines.add(event.host, event.stream, event.text);
    if (event.kind !== "ended") return;
    lines.end(event.result.host);
    results.set(event.result.host, event.result);
    if (json) io.out(JSON.stringify(withoutOutput(event.result)));
  }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    throw new Interrupted(`It is being stopped on every host. See havn runs show ${run.id.slice(0, 8)}.`);
  });
  // With the beginning and end of what each wrote, which the run's own record is told without.
  const whole = { ...ended, results: ended.results.map((result) => results.get(result.host) ?? result) };
  if (json) io.out(JSON.stringify({ run: ended }));
  else report(io, whole, group);
  return ended.state === "succeeded" ? exitCodes.ok : exitCodes.error;
}

/** A lone host that is well needs no word. */
function report(io: Io, run: Run, group: boolean): void {
  const quiet = run.results.length === 1 && run.state === "succeeded" && !group;
  if (group) io.out(runSummary(run, { style: io.style, output: true }));
  else if (!quiet && run.state === "succeeded") io.tell(runSummary(run, { style: io.style, output: false }));
  else if (!quiet) io.warn(runSummary(run, { style: io.style, output: false }));
}

const withoutOutput = ({ stdout: _, stderr: __, ...result }: Run["results"][number]) => result;

import { resolve } from "node:path";
import { type Run, type RunTask, runSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { copyFrom, copyTo, remotePath } from "../../flows/copy.ts";
import { environmentOf, type RunFlow } from "../../flows/run.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes, Interrupted, UsageError } from "../../kit/exit.ts";
import { runSummary } from "../../views/run.ts";

export const command = defineCommand({
  name: "copy",
  summary: "copy files to hosts, or from them",
  group: "Hosts",
  description:
    "The last argument is where to: HOSTS:/PATH, or a path here. HOSTS is chosen as for `havn run`. A folder is copied " +
    "with all that is in it, and becomes the destination; a destination that ends with / gets it inside. Each file " +
    "is compared by its checksum and replaced at once when it has arrived whole: what is there already is not sent " +
    "again, so that a copy that broke off goes on where it was. From several hosts, each host's files get a folder " +
    "of its name.",
  access: ["run:create"],
  arguments: [
    { name: "SOURCE", description: "files and folders here, or HOSTS:/PATH" },
    { name: "DESTINATION", description: "HOSTS:/PATH, or a path here", repeated: true },
  ],
  options: {
    environment: shared.environment,
    owner: {
      type: "string",
      value: "USER",
      description: "who owns it there (as what it replaces, where unset)",
    },
    group: { type: "string", value: "GROUP", description: "its group there" },
    mode: {
      type: "string",
      value: "MODE",
      description: "mode of files, for example 0644 (as here, where unset)",
    },
    concurrency: { type: "string", value: "N", description: "hosts at once (10 where unset)" },
    json: shared.json,
  },
  examples: [
    ["havn copy app.conf 'web-*:/etc/app/app.conf' --owner app", "a file to many hosts"],
    ["havn copy ./site 'role=web:/srv/site'", "a folder, which becomes /srv/site"],
    ["havn copy a.deb b.deb db-1:/tmp/", "several files into a folder"],
    ["havn copy 'web-*:/var/log/nginx' logs", "from many hosts: logs/web-1/nginx, logs/web-2/nginx, …"],
  ],
  async run({ arguments: typed, options, globals, io, signal }) {
    const words = typed.filter((word) => word !== undefined);
    const { sources, task, hosts, destination } = readArguments(words, options);
    const api = await connect(globals, signal);
    const flow: RunFlow = { api, io, signal };
    const environment = await environmentOf(hosts, options.environment, { globals, api, signal });
    const concurrency = options.concurrency === undefined ? 10 : Number(options.concurrency);
    if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 1000))
      throw new UsageError(`--concurrency "${options.concurrency}" is not a number from 1 to 1000`);
    const body = { task, hosts, environment, concurrency };
    const run = await api.post("/api/v1/runs", runSchema, { body, signal });
    const here = (path: string) =>
      path.endsWith("/") ? `${resolve(globals.cwd, path)}/` : resolve(globals.cwd, path);
    let ended: Run;
    try {
      ended = await (destination === undefined
        ? copyTo(flow, run, sources.map(here))
        : copyFrom(flow, run, here(destination)));
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Interrupted("Files that had arrived whole are there; the others are as they were.");
    }
    if (options.json) io.out(JSON.stringify(ended, undefined, 2));
    else if (ended.state === "succeeded") io.tell(runSummary(ended, { style: io.style, output: false }));
    else io.warn(runSummary(ended, { style: io.style, output: false }));
    return ended.state === "succeeded" ? exitCodes.ok : exitCodes.error;
  },
});

interface Direction {
  sources: string[];
  task: RunTask;
  hosts: string;
  /** Here; undefined for a copy to hosts. */
  destination: string | undefined;
}

function readArguments(
  words: readonly string[],
  options: { owner: string | undefined; group: string | undefined; mode: string | undefined },
): Direction {
  const sources = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const to = remotePath(last);
  const from = sources.map(remotePath).filter((one) => one !== undefined);
  if (sources.length === 0)
    throw new UsageError("havn copy needs a destination", "Write havn copy SOURCE… HOSTS:/PATH.");
  if (to) {
    if (from.length > 0)
      throw new UsageError(
        "havn copy goes to hosts or from hosts",
        "Copy from one host here first, then to the other.",
      );
    if (options.mode !== undefined && !/^[0-7]{3,4}$/.test(options.mode))
      throw new UsageError(`--mode "${options.mode}" is no mode`, "Write octal digits, for example 0644.");
    const { owner, group, mode } = options;
    const task: RunTask = {
      kind: "copy-to",
      destination: to.path,
      ...(owner !== undefined && { owner }),
      ...(group !== undefined && { group }),
      ...(mode !== undefined && { mode }),
    };
    return { sources, task, hosts: to.hosts, destination: undefined };
  }
  const [source] = from;
  if (!source)
    throw new UsageError(
      "Neither side names hosts",
      "Write HOSTS:/PATH for what is on hosts, with an absolute path.",
    );
  if (sources.length > 1)
    throw new UsageError(
      "havn copy takes one path from hosts at a time",
      "Name the folder that holds them all.",
    );
  for (const option of ["owner", "group", "mode"] as const)
    if (options[option] !== undefined)
      throw new UsageError(`--${option} is for copies to hosts`, "Leave it out.");
  return {
    sources,
    task: { kind: "copy-from", source: source.path },
    hosts: source.hosts,
    destination: last,
  };
}

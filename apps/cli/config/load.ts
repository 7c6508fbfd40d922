import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  type Diagnostic,
  findDuration,
  HavnError,
  type Resource,
  type ResourceGraph,
  serviceProperties,
  withSourceDigests,
} from "@havn/model";
import { recall } from "../flows/memory.ts";
import type { Globals } from "../kit/command.ts";
import { UsageError } from "../kit/exit.ts";
import type { Io } from "../kit/io.ts";
import { diagnosticView } from "../views/errors.ts";
import { type ExplainedData, evaluateConfig, projectOf, shownPath } from "./evaluate.ts";
import { type FileSource, readFileSource } from "./file-source.ts";
import { readSource, type Source } from "./pack.ts";
import { withRunbookCode } from "./runbook-code.ts";

export interface LoadedConfig {
  /** Absolute. */
  file: string;
  /** With the digests of its sources. */
  graph: ResourceGraph;
  sources: (Source | FileSource)[];
  /** Where its settings came from. */
  settings: ExplainedData[];
}

interface LoadOptions {
  /** As typed; undefined: the one here, else the one last used. */
  path: string | undefined;
  /** Which of its environments; undefined: HAVN_ENVIRONMENT, else the only one. */
  environment?: string | undefined;
  globals: Globals;
  io: Io;
  signal: AbortSignal;
}

/** Evaluates a configuration and reads the sources that it names. Warnings are told. */
export async function loadConfig({
  path,
  environment,
  globals,
  io,
  signal,
}: LoadOptions): Promise<LoadedConfig> {
  const file = findConfig(path, globals);
  const { graph, warnings, settings } = await evaluateConfig({
    file,
    environment: environment ?? (globals.environment.HAVN_ENVIRONMENT || undefined),
    cwd: globals.cwd,
    timeoutMs: readTimeout(globals),
    signal,
    onOutput: (line) => io.tell(io.style.dim(line)),
  });
  for (const warning of warnings) io.warn(`${diagnosticView(warning, io.style, io)}\n`);
  const services = graph.resources.filter(({ type }) => type === "service");
  const folders = new Map<string, Source>();
  for (const service of services) folders.set(service.address, await sourceOf(service, file, globals.cwd));
  const files = await readFileSources(graph, file);
  const read = new Map([
    ...[...folders].map(([address, { digest }]) => [address, { digest }] as const),
    ...[...files].map(([address, { digest, size }]) => [address, { digest, size }] as const),
  ]);
  const sources = [...folders.values(), ...files.values()];
  const whole = await withRunbookCode(withSourceDigests(graph, read), { file, cwd: globals.cwd });
  return { file, graph: whole, sources, settings };
}

/** Of files that are too large for the graph, by the addresses of their resources; each is read once. */
async function readFileSources(graph: ResourceGraph, config: string): Promise<Map<string, FileSource>> {
  const byPath = new Map<string, FileSource>();
  const found = new Map<string, FileSource>();
  for (const { type, address, properties } of graph.resources) {
    const path = type === "file" && (properties.source as { path?: unknown } | undefined)?.path;
    if (typeof path !== "string") continue;
    const file = resolve(dirname(config), path);
    // As its own process may: what a configuration names leaves this computer.
    if (!file.startsWith(`${projectOf(config)}/`))
      throw new HavnError(`"${path}" lies outside the project of the configuration`, {
        detail: "A configuration reads files of its own folder only. Copy it there.",
        status: 400,
      });
    const source = byPath.get(path) ?? (await readFileSource({ path, file }));
    byPath.set(path, source);
    found.set(address, source);
  }
  return found;
}

const fileName = "havn.config.ts";

function findConfig(path: string | undefined, globals: Globals): string {
  const { cwd } = globals;
  if (path === undefined) {
    const here = join(cwd, fileName);
    if (statSync(here, { throwIfNoEntry: false })?.isFile()) return here;
    const last = recall(globals).config;
    if (last !== undefined) return existing(last, cwd);
    throw new HavnError(`There is no ${fileName} in ${cwd}`, {
      detail: "Name one, or its folder: `havn up examples/hello`.",
      status: 404,
    });
  }
  return existing(resolve(cwd, path), cwd);
}

function existing(path: string, cwd: string): string {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, fileName) : path;
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  throw new HavnError(`There is no configuration at ${shownPath(file, cwd)}`, {
    detail: `Name a folder with a ${fileName} in it, or the file itself: \`havn up examples/hello\`.`,
    status: 404,
  });
}

function readTimeout({ environment }: Globals): number {
  const text = environment.HAVN_CONFIG_TIMEOUT || "10s";
  const milliseconds = findDuration(text);
  if (milliseconds) return milliseconds;
  throw new UsageError(`HAVN_CONFIG_TIMEOUT is "${text}", which is no duration`, 'Write for example "30s".');
}

async function sourceOf(service: Resource, file: string, cwd: string): Promise<Source> {
  const { source, build } = serviceProperties.parse(service.properties);
  const directory = resolve(dirname(file), source.path);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    const missing: Diagnostic = {
      severity: "error",
      summary: `The source folder of service "${service.name}" does not exist`,
      detail: `"${source.path}" was looked for at ${shownPath(directory, cwd)}. Correct \`source\`, or make the folder.`,
      address: service.address,
      ...(service.location && { at: service.location }),
    };
    throw new HavnError(missing.summary, { status: 400, diagnostics: [missing] });
  }
  return readSource({ path: source.path, directory, build });
}

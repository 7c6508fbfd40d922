import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  type Diagnostic,
  diagnosticSchema,
  HavnError,
  locationSchema,
  type ResourceGraph,
  resourceGraphSchema,
} from "@havn/model";
import { z } from "zod";
import { printable } from "../kit/style.ts";
import { checkout } from "../version.ts";
import { loadableSdk } from "./sdk-bundle.ts";
import { thrownDiagnostic } from "./thrown.ts";

/** See `ExplainedData` of the SDK. */
const explainedData = z.object({
  environment: z.string().optional(),
  role: z.string().optional(),
  host: z.string().optional(),
  settings: z.array(
    z.object({
      key: z.string(),
      strategy: z.enum(["first", "deep", "unique"]),
      value: z.unknown().optional(),
      layers: z.array(
        z.object({
          layer: z.string(),
          at: locationSchema,
          value: z.unknown().optional(),
          effect: z.enum(["wins", "merged", "overridden"]),
        }),
      ),
    }),
  ),
});
export type ExplainedData = z.infer<typeof explainedData>;

const answerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("declared"),
    graph: z.unknown().optional(),
    diagnostics: z.array(diagnosticSchema),
    settings: z.array(explainedData),
  }),
  z.object({ kind: z.literal("no default") }),
  z.object({
    kind: z.literal("threw"),
    name: z.string(),
    message: z.string(),
    stack: z.string(),
    code: z.string().optional(),
    detail: z.string().optional(),
  }),
]);
export type EvaluateAnswer = z.infer<typeof answerSchema>;
export type Thrown = Extract<EvaluateAnswer, { kind: "threw" }>;

export interface EvaluateOptions {
  /** The configuration, absolute. */
  file: string;
  /** Which of its environments; undefined: the only one. */
  environment: string | undefined;
  /** What paths in messages are relative to. */
  cwd: string;
  timeoutMs: number;
  signal: AbortSignal;
  /** A line that the configuration printed. */
  onOutput(line: string): void;
}

/** What a configuration declares. Fails with diagnostics; warnings are returned. The configuration changes nothing. */
export async function evaluateConfig(
  options: EvaluateOptions,
): Promise<{ graph: ResourceGraph; warnings: Diagnostic[]; settings: ExplainedData[] }> {
  const outcome = await runChild(options);
  const answer = outcome.text === "" ? undefined : parseAnswer(outcome.text);
  const thrown = answer ? undefined : syntaxError(outcome.errors);
  if (thrown) throw failure(options, thrownDiagnostic(thrown, options));
  for (const line of outcome.errors.split("\n")) if (line !== "") options.onOutput(printable(line));
  if (answer === undefined) throw failure(options, endedDiagnostic(options, outcome));
  if (answer.kind === "no default") throw failure(options, noDefault(options));
  if (answer.kind === "threw") throw failure(options, thrownDiagnostic(answer, options));
  const errors = answer.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw failure(options, ...answer.diagnostics);
  return {
    graph: resourceGraphSchema.parse(answer.graph),
    warnings: answer.diagnostics,
    settings: answer.settings,
  };
}

const failure = ({ file, cwd }: EvaluateOptions, ...diagnostics: Diagnostic[]): HavnError =>
  new HavnError(`${shownPath(file, cwd)} cannot be planned.`, {
    detail: "Nothing was changed.",
    status: 400,
    diagnostics,
  });

/** As the user would type it. */
export function shownPath(file: string, cwd: string): string {
  return file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file;
}

/** Characters of JSON. */
const largestAnswer = 50_000_000;

interface Outcome {
  text: string;
  code: number | null;
  killed: NodeJS.Signals | null;
  timedOut: boolean;
  errors: string;
}

async function runChild({
  file,
  environment,
  cwd,
  timeoutMs,
  signal,
  onOutput,
}: EvaluateOptions): Promise<Outcome> {
  const self = fileURLToPath(new URL("./evaluate-child.ts", import.meta.url));
  const readable = [self, join(checkout, "packages"), join(checkout, "node_modules"), projectOf(file)];
  const child = spawn(
    process.execPath,
    [
      "--permission",
      ...readable.map((path) => `--allow-fs-read=${path}`),
      "--max-old-space-size=512",
      "--no-warnings",
      self,
      pathToFileURL(await loadableSdk()).href,
      pathToFileURL(file).href,
      ...(environment === undefined ? [] : [environment]),
    ],
    // No environment: what is secret there must not end up in a graph.
    { cwd, env: {}, stdio: ["ignore", "pipe", "pipe", "pipe"] },
  );
  let timedOut = false;
  const kill = () => child.kill("SIGKILL");
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener("abort", kill, { once: true });
  try {
    const [text, , errors, ended] = await Promise.all([
      collect(child, 3, largestAnswer),
      collect(child, 1, 100_000, onOutput),
      collect(child, 2, 100_000),
      new Promise<Pick<Outcome, "code" | "killed">>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, killed) => resolve({ code, killed }));
      }),
    ]);
    signal.throwIfAborted();
    return { text, errors, timedOut, ...ended };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}

/** The folder that a configuration may read: that of its project, so that it can import from a folder beside it. */
export function projectOf(file: string): string {
  const home = dirname(file);
  for (let folder = home; dirname(folder) !== folder; folder = dirname(folder))
    if (existsSync(join(folder, ".git")) || existsSync(join(folder, "package.json"))) return folder;
  return home;
}

/** What the child writes to a descriptor, up to `limit`: a configuration that prints without end fills no memory. */
function collect(
  child: ChildProcess,
  descriptor: number,
  limit: number,
  onLine?: (line: string) => void,
): Promise<string> {
  const stream = child.stdio[descriptor] as NodeJS.ReadableStream;
  let text = "";
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (text.length >= limit) return;
    text += chunk;
    if (!onLine) return;
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(printable(line));
  });
  return new Promise((resolve) => {
    stream.on("close", () => {
      if (rest !== "") onLine?.(printable(rest));
      resolve(text);
    });
  });
}

function parseAnswer(text: string): EvaluateAnswer | undefined {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Node tells the place of some syntax errors only when nobody catches them: then they stand on standard error. */
function syntaxError(errors: string): Thrown | undefined {
  const message = /^SyntaxError: (.*)$/m.exec(errors)?.[1];
  return message === undefined
    ? undefined
    : { kind: "threw", name: "SyntaxError", message, stack: errors.trimStart() };
}

function noDefault({ file, cwd }: EvaluateOptions): Diagnostic {
  return {
    severity: "error",
    summary: "The configuration has no default export",
    detail: 'Write: export default environment("name", {}, () => { … });',
    at: { file: shownPath(file, cwd), line: 1, column: 1 },
  };
}

/** The child ended without an answer. */
function endedDiagnostic({ file, cwd, timeoutMs }: EvaluateOptions, outcome: Outcome): Diagnostic {
  const at = { file: shownPath(file, cwd), line: 1, column: 1 };
  const error = (summary: string, detail: string): Diagnostic => ({ severity: "error", summary, detail, at });
  if (outcome.timedOut)
    return error(
      `The configuration did not end within ${timeoutMs / 1000} s`,
      "It only describes, which takes milliseconds. Is there a loop without an end, or an await for something that " +
        "does not come? HAVN_CONFIG_TIMEOUT=60s gives it more time.",
    );
  if (outcome.killed === "SIGABRT" || outcome.errors.includes("heap out of memory"))
    return error("The configuration ran out of memory", "It may use 512 MB. Is there a loop without an end?");
  if (outcome.code === 13)
    return error(
      "The configuration awaits something that never comes",
      "A top-level await in it never ends. It has no network and no timers to wait for: describe without waiting.",
    );
  if (outcome.text.length >= largestAnswer)
    return error(
      "What the configuration declares is larger than 50 MB",
      'It travels with every plan. Large files do not: give them with source: "./path" in place of content.',
    );
  const how = outcome.killed ? `was ended by ${outcome.killed}` : `ended with code ${outcome.code}`;
  return error(
    `The configuration ${how} before it had exported anything`,
    "Does it call process.exit()? It only describes: throw an error instead.",
  );
}

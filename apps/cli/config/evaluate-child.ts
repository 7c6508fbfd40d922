/**
 * Runs in a process of its own, which may read the configuration and the SDK, and nothing else: no network, no other
 * programs, no writing, no environment. Imports the configuration and writes what it declares, as JSON, to descriptor 3.
 * Arguments: the SDK's URL, the configuration's URL, and the environment's name where one is chosen.
 */
import { readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Diagnostic, ResourceGraph } from "@havn/model";
import type { ProjectEntry } from "havn";
import type { EvaluateAnswer } from "./evaluate.ts";

const [sdk = "", config = "", environment] = process.argv.slice(2);

registerHooks({
  // "havn" is this checkout's SDK from wherever the configuration stands. A configuration needs no package.json: its
  // TypeScript files are modules.
  resolve(specifier, context, next) {
    const resolved = next(specifier === "havn" ? sdk : specifier, context);
    return resolved.url.endsWith(".ts") ? { ...resolved, format: "module-typescript" } : resolved;
  },
});

function answer(value: EvaluateAnswer): void {
  const bytes = Buffer.from(JSON.stringify(value));
  for (let written = 0; written < bytes.length; ) written += writeSync(3, bytes, written);
  // Timers that the configuration left behind have nothing to say any more.
  process.exit(0);
}

try {
  const { evaluateGraph, namesOfSteps, openProjectFiles } = (await import(sdk)) as typeof import("havn");
  const absolute = (path: string) => resolve(dirname(fileURLToPath(config)), path);
  openProjectFiles({
    read: (path) => findText(absolute(path)),
    look: (path, most) => findEntry(absolute(path), most),
    shown: (path) => relative(process.cwd(), absolute(path)),
  });
  const module = (await import(config)) as { default?: unknown };
  if (!("default" in module)) answer({ kind: "no default" });
  else {
    const declared = evaluateGraph(module.default, environment);
    const names = await namesOfSteps((file) => import(pathToFileURL(resolve(file)).href));
    answer({ kind: "declared", ...withNames(declared, names) });
  }
} catch (error) {
  // A syntax error without its place: Node tells it when nobody catches the error.
  if (error instanceof SyntaxError && error.stack?.startsWith("SyntaxError")) throw error;
  const diagnostics = diagnosticsOf(error);
  if (diagnostics.length > 0) answer({ kind: "declared", graph: undefined, diagnostics, settings: [] });
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  answer({
    kind: "threw",
    name,
    message,
    stack: stack ?? "",
    code: find(error, "code"),
    detail: find(error, "detail"),
  });
}

/** Runbooks with the names under which their functions are exported. */
function withNames<T extends { graph?: ResourceGraph | undefined; diagnostics: readonly Diagnostic[] }>(
  declared: T,
  names: ReadonlyMap<string, string | undefined>,
): T {
  const { graph } = declared;
  if (!graph || names.size === 0) return declared;
  const diagnostics = [...declared.diagnostics];
  const resources = graph.resources.map((resource) => {
    const steps = resource.properties.steps as { module: string; export: string } | undefined;
    if (resource.type !== "runbook" || steps === undefined) return resource;
    const name = names.get(steps.export);
    if (name === undefined && names.has(steps.export))
      diagnostics.push({
        severity: "error",
        summary: `The steps of runbook "${resource.name}" are not exported`,
        detail:
          "They travel as code of their own. Write them at the top of a module: export const NAME = steps(…);",
        address: resource.address,
        ...(resource.location && { at: resource.location }),
      });
    return {
      ...resource,
      properties: { ...resource.properties, steps: { ...steps, export: name ?? "" } },
    };
  });
  return { ...declared, diagnostics, graph: { ...graph, resources } };
}

/** What the SDK found wrong at places of its own: a file of data, for example. */
function diagnosticsOf(error: unknown): Diagnostic[] {
  return error instanceof Error && "diagnostics" in error && Array.isArray(error.diagnostics)
    ? error.diagnostics
    : [];
}

/** Undefined where there is no such file. */
function findText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (find(error, "code") === "ENOENT") return undefined;
    throw error;
  }
}

/** Undefined where nothing stands there. */
function findEntry(path: string, most: number): ProjectEntry | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (found.isDirectory()) return { kind: "directory", names: readdirSync(path) };
  const bytes = found.size <= most ? readFileSync(path) : undefined;
  return { kind: "file", size: found.size, executable: (found.mode & 0o100) !== 0, bytes };
}

/** A property of the error, or of what caused it: fetch hides a refusal of the network behind its own error. */
function find(error: unknown, property: "code" | "detail"): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const value = (at as Error & Record<typeof property, unknown>)[property];
    if (typeof value === "string") return value;
  }
  return undefined;
}

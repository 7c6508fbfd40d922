/**
 * Runs in a process of its own, which may read the configuration and the SDK, and nothing else: no network, no other
 * programs, no writing, no environment. Imports the configuration and writes what it declares, as JSON, to descriptor 3.
 * Arguments: the SDK's URL, the configuration's URL, and the environment's name where one is chosen.
 */
import { readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Diagnostic } from "@havn/model";
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
  const { evaluateGraph, openProjectFiles } = (await import(sdk)) as typeof import("havn");
  const absolute = (path: string) => resolve(dirname(fileURLToPath(config)), path);
  openProjectFiles({
    read: (path) => findText(absolute(path)),
    look: (path, most) => findEntry(absolute(path), most),
    shown: (path) => relative(process.cwd(), absolute(path)),
  });
  const module = (await import(config)) as { default?: unknown };
  if (!("default" in module)) answer({ kind: "no default" });
  else answer({ kind: "declared", ...evaluateGraph(module.default, environment) });
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

import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { type Diagnostic, HavnError, type Resource, type ResourceGraph } from "@havn/model";
import type { PluginBuild } from "esbuild";
import { checkout } from "../version.ts";

/**
 * A copy of `graph` in which every runbook carries its function as code: the module that exports it with all that it
 * imports, as one file of JavaScript without the environment around it. Files are told relative to the configuration.
 */
export async function withRunbookCode(
  graph: ResourceGraph,
  { file, cwd }: { file: string; cwd: string },
): Promise<ResourceGraph> {
  if (!graph.resources.some(({ type }) => type === "runbook")) return graph;
  const known = new Map<string, string>();
  const resources: Resource[] = [];
  for (const resource of graph.resources) {
    if (resource.type !== "runbook") {
      resources.push(resource);
      continue;
    }
    const { module, export: name } = resource.properties.steps as { module: string; export: string };
    const path = resolve(cwd, module);
    const key = `${path}\0${name}`;
    const code = known.get(key) ?? (await codeOf(resource, path, name));
    known.set(key, code);
    const steps = { module: relative(dirname(file), path), export: name, code };
    resources.push({ ...resource, properties: { ...resource.properties, steps } });
  }
  return { ...graph, resources };
}

/**
 * In place of the SDK: a runbook's code needs nothing of it but `steps`. All else describes, and says so where a runbook
 * uses it. An environment that stands in the same module is left out: nothing of a runbook refers to it.
 */
function standIn(build: PluginBuild, names: readonly string[]): void {
  const contents = names
    .map((name, index) =>
      name === "steps"
        ? 'export const steps = (body) => ({ kind: "runbook steps", body });'
        : `function f${index}() { throw new Error("${name}() describes an environment. Write a runbook's steps in a module without it, and hand them what they need under with."); }
export { f${index} as ${name} };`,
    )
    .join("\n");
  build.onResolve({ filter: /^havn$/ }, () => ({ path: "havn", namespace: "havn", sideEffects: false }));
  build.onLoad({ filter: /.*/, namespace: "havn" }, () => ({ contents, loader: "js" }));
  build.onLoad({ filter: /\.ts$/, namespace: "file" }, async ({ path }) => ({
    // Marked so, a call whose result nobody uses is left out.
    contents: (await readFile(path, "utf8")).replace(
      /^(export default|(?:export )?const \w+ =) (environments?\()/gm,
      "$1 /* @__PURE__ */ $2",
    ),
    loader: "ts",
  }));
}

async function codeOf(resource: Resource, path: string, name: string): Promise<string> {
  const [{ build }, sdk] = await Promise.all([import("esbuild"), import("havn")]);
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: `export { ${name} as default } from ${JSON.stringify(path)};`,
        resolveDir: dirname(path),
        loader: "ts",
      },
      ...{ bundle: true, write: false, format: "esm", platform: "node", target: "node26" },
      ...{ minifySyntax: true, minifyWhitespace: true, logLevel: "silent", charset: "utf8" },
      absWorkingDir: checkout,
      plugins: [{ name: "havn", setup: (build) => standIn(build, Object.keys(sdk)) }],
    });
    return outputFiles[0]?.text ?? "";
  } catch (cause) {
    const diagnostic: Diagnostic = {
      severity: "error",
      summary: `The code of runbook "${resource.name}" cannot be put together`,
      detail: cause instanceof Error ? (cause.message.split("\n")[1] ?? cause.message) : String(cause),
      address: resource.address,
      ...(resource.location && { at: resource.location }),
    };
    throw new HavnError(diagnostic.summary, { status: 400, diagnostics: [diagnostic], cause });
  }
}

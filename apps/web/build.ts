import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { HavnError } from "@havn/model";
import { type BuildOptions, build, type OutputFile } from "esbuild";

/** The page, ready to be served: every asset by its hashed name, and the one document that names them. */
export interface BuiltWeb {
  readonly directory: string;
  /** Name under /assets/ → content. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
  readonly html: string;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Bundles the page from its TypeScript and writes it to `outDirectory`, which is emptied first. Takes well under a
 * second, so that the server does it at every start and never serves a page older than its own code.
 */
export async function buildWeb({ outDirectory }: { outDirectory: string }): Promise<BuiltWeb> {
  const files = await bundle(outDirectory);
  const assets = new Map(files.map((file) => [basename(file.path), file.contents]));
  const html = documentOf([...assets.keys()]);
  await rm(join(outDirectory, "assets"), { recursive: true, force: true });
  await mkdir(join(outDirectory, "assets"), { recursive: true });
  await Promise.all([
    ...[...assets].map(([name, content]) => writeFile(join(outDirectory, "assets", name), content)),
    writeFile(join(outDirectory, "index.html"), html),
  ]);
  return { directory: outDirectory, assets, html };
}

async function bundle(outDirectory: string): Promise<OutputFile[]> {
  try {
    const [page, firstPaint] = await Promise.all([
      // What only some pages need is a part of its own, loaded when it is first shown.
      buildEntry("app", "main.tsx", outDirectory, { splitting: true, chunkNames: "part-[hash]" }),
      buildEntry("first-paint", "first-paint.ts", outDirectory, {}),
    ]);
    return [...page, ...firstPaint];
  } catch (cause) {
    throw new HavnError("The web page cannot be built", {
      detail: cause instanceof Error ? cause.message : "",
      cause,
    });
  }
}

async function buildEntry(
  name: string,
  file: string,
  outDirectory: string,
  more: BuildOptions,
): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    ...more,
    entryPoints: [{ in: here(file), out: name }],
    outdir: join(outDirectory, "assets"),
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome109", "firefox115", "safari16"],
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "file", ".svg": "file" },
    legalComments: "none",
    logLevel: "silent",
    write: false,
  });
  return outputFiles;
}

function documentOf(names: readonly string[]): string {
  const find = (pattern: RegExp) => {
    const name = names.find((candidate) => pattern.test(candidate));
    if (!name) throw new Error(`the bundle has no ${pattern}`);
    return `/assets/${name}`;
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Havn</title>
<link rel="icon" href="${find(/^mark-.*\.svg$/)}" type="image/svg+xml">
<link rel="preload" href="${find(/^inter-latin-wght-.*\.woff2$/)}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="${find(/^app-.*\.css$/)}">
<script src="${find(/^first-paint-.*\.js$/)}"></script>
<script type="module" src="${find(/^app-.*\.js$/)}"></script>
</head>
<body>
<noscript>Havn's page needs JavaScript. The command line does all the same: ./havn status</noscript>
<div id="root"></div>
</body>
</html>
`;
}

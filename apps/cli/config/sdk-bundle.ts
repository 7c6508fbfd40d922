import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { checkout } from "../version.ts";

const sdk = join(checkout, "packages/sdk/index.ts");
/** Beside the cache of compiled code. What a configuration runs may read it and never write to it. */
const folder = join(checkout, "node_modules/.cache/havn-sdk");
const manifest = join(folder, "manifest.json");

const manifestSchema = z.object({
  file: z.string(),
  /** All that it was made from: path, time of its last change, size in bytes. */
  inputs: z.array(z.tuple([z.string(), z.number(), z.number()])),
});

/**
 * The SDK as one file of plain JavaScript, which a configuration loads in half the time: its process keeps no compiled
 * code. Made when it is missing or one of its sources has changed; the sources themselves where it cannot be kept.
 */
export async function loadableSdk(): Promise<string> {
  try {
    const { file, inputs } = manifestSchema.parse(JSON.parse(readFileSync(manifest, "utf8")));
    if (inputs.every(isSame)) {
      const path = join(folder, file);
      if (statSync(path).isFile()) return path;
    }
  } catch {
    // There is none yet, or it is not whole.
  }
  try {
    return await makeBundle();
  } catch {
    // A checkout that is somebody else's: loading takes longer, that is all.
    return sdk;
  }
}

function isSame([path, changed, size]: [string, number, number]): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.mtimeMs === changed && found.size === size;
}

async function makeBundle(): Promise<string> {
  const { buildSync } = await import("esbuild");
  mkdirSync(folder, { recursive: true });
  const built = buildSync({
    ...{ entryPoints: [sdk], absWorkingDir: checkout, bundle: true, write: false, metafile: true },
    ...{ platform: "node", target: "node26", format: "esm", logLevel: "silent" },
    ...{ minifySyntax: true, minifyWhitespace: true },
    // Dependencies in CommonJS call `require`, which modules do not have.
    banner: {
      js: 'import{createRequire as havnRequire}from"node:module";const require=havnRequire(import.meta.url);',
    },
  });
  const content = built.outputFiles[0]?.contents ?? new Uint8Array();
  const file = `sdk-${createHash("sha256").update(content).digest("hex").slice(0, 12)}.mjs`;
  const inputs = Object.keys(built.metafile.inputs).map((input) => {
    const path = join(checkout, input);
    const { mtimeMs, size } = statSync(path);
    return [path, mtimeMs, size];
  });
  put(join(folder, file), content);
  put(manifest, JSON.stringify({ file, inputs }));
  for (const name of readdirSync(folder))
    if (/^sdk-\w+\.mjs$/.test(name) && name !== file) rmSync(join(folder, name), { force: true });
  return join(folder, file);
}

/** In one step: another command may be reading it. */
function put(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

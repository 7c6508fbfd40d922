import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { buildSync } from "esbuild";
import { writeFileAtomic } from "../files.ts";

export interface AgentBundle {
  path: string;
  sha256: string;
  /** First 12 digits of `sha256`: what the agent calls its version. */
  version: string;
}

/** The agent as one file for Node, from its `entry`; kept in `directory` under its content's hash. */
export async function buildAgentBundle(entry: string, directory: string): Promise<AgentBundle> {
  // Synchronous on purpose: the asynchronous form leaves a service process behind that cannot be stopped for one
  // caller only. It takes a fifth of a second, once a start.
  const built = buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    target: "node26",
    format: "esm",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    external: ["bufferutil", "utf-8-validate"],
    // Dependencies in CommonJS call `require`, which modules do not have.
    banner: {
      js: 'import{createRequire as havnRequire}from"node:module";const require=havnRequire(import.meta.url);',
    },
    logLevel: "silent",
  });
  const content = built.outputFiles[0]?.contents ?? new Uint8Array();
  const sha256 = createHash("sha256").update(content).digest("hex");
  const version = sha256.slice(0, 12);
  const name = `agent-${version}.mjs`;
  const path = join(directory, name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) await writeFileAtomic(path, content, 0o600);
  const stale = (await readdir(directory)).filter((file) => /^agent-.*\.mjs$/.test(file) && file !== name);
  await Promise.all(stale.map((file) => rm(join(directory, file), { force: true })));
  return { path, sha256, version };
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

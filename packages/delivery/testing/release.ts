import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceSpec } from "@havn/fleet/protocol";

/** A small service for tests: says which release and process answers; `/hang` stops it from answering, `/exit` ends it. */
const program = `
const http = require("node:http");
let hanging = false;
const server = http.createServer((request, response) => {
  if (hanging) return;
  if (request.url === "/hang") { hanging = true; return response.end(); }
  if (request.url === "/exit") { response.end(); console.log("leaving"); return setTimeout(() => process.exit(7), 20); }
  if (request.url === "/healthz" && process.env.SICK) { response.statusCode = 500; return response.end(); }
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => setTimeout(() => {
    response.setHeader("content-type", "application/json");
    if (closing) response.setHeader("connection", "close");
    response.end(JSON.stringify({ release: process.env.NAME, pid: process.pid, method: request.method, body,
      forwardedFor: request.headers["x-forwarded-for"], requestId: request.headers["x-request-id"],
      traceparent: request.headers.traceparent }));
  }, Number(process.env.DELAY ?? 0)));
});
server.keepAliveTimeout = 75_000;
let closing = false;
process.on("SIGTERM", () => { closing = true; server.close(() => process.exit(0)); server.closeIdleConnections(); });
if (process.env.SECRET_WORD) console.log("the word is " + process.env.SECRET_WORD);
server.listen(process.env.PORT, process.env.HOST, () => console.log("listening as " + process.env.NAME));
`;

export interface TestRelease extends AsyncDisposable {
  directory: string;
  artifact: string;
  /** A fresh copy of the packed release, as an agent would have fetched it. */
  fetch(): Promise<string>;
  spec(overrides?: Partial<InstanceSpec>): Promise<InstanceSpec>;
}

export async function packTestRelease(): Promise<TestRelease> {
  const directory = await mkdtemp(join(tmpdir(), "havn-release-"));
  await mkdir(join(directory, "source"));
  await writeFile(join(directory, "source/main.js"), program);
  const packed = join(directory, "release.tar.gz");
  execFileSync("tar", ["-czf", packed, "-C", join(directory, "source"), "."]);
  const artifact = createHash("sha256")
    .update(await readFile(packed))
    .digest("hex");
  let copies = 0;
  return {
    directory,
    artifact,
    async fetch() {
      const copy = join(directory, `copy-${copies++}.tar.gz`);
      await copyFile(packed, copy);
      return copy;
    },
    spec: async (overrides = {}) => ({
      id: "web-here-aaaaaaaa",
      service: "web",
      address: "test/service/web",
      release: "a".repeat(64),
      releaseNumber: 1,
      artifact,
      command: ["node", "main.js"],
      env: { NAME: "one" },
      port: await freePort(),
      runtime: "process",
      health: { path: "/healthz", interval: "200ms", timeout: "1s" },
      stopGrace: "5s",
      ...overrides,
    }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Waits until `found` gives something; the bound only ends a test that would never end. */
export async function eventually<T>(
  what: string,
  found: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await found();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

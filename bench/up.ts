import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * How long `havn up` takes, as a person waits for it: examples/hello the first time and resumed after `havn down`;
 * examples/shop (root) the first time, which makes the machine image, and again with the image cached. Each in a fresh
 * data directory, on ports of its own. What is started is destroyed and stopped at the end, also after a failure.
 *
 *     scripts/node.sh bench/up.ts [--only hello|shop] [--without-image]
 *
 * The machine image is kept outside of data directories. --without-image puts it aside, so that the first `up` of the
 * shop makes it: not while other machines run from it.
 */
const { values } = parseArgs({
  options: { only: { type: "string" }, "without-image": { type: "boolean" } },
});
const images = "/var/cache/havn/images";
const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const havn = join(root, "havn");

interface Figure {
  what: string;
  seconds: number;
  aim: number;
}
const figures: Figure[] = [];

async function withData(work: (run: (...args: string[]) => number) => void): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "havn-bench-up-"));
  const port = await freePort();
  /** Seconds that the command took. */
  const run = (...args: string[]): number => {
    const began = performance.now();
    const { status, stderr } = spawnSync(havn, [...args, "--data", data, "--port", String(port)], {
      cwd: root,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`havn ${args.join(" ")} ended with ${status}\n${stderr}`);
    return (performance.now() - began) / 1000;
  };
  try {
    work(run);
  } finally {
    spawnSync(havn, ["destroy", "--all", "--yes", "--data", data], { cwd: root, stdio: "ignore" });
    spawnSync(havn, ["server", "stop", "--data", data], { cwd: root, stdio: "ignore" });
    rmSync(data, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? Math.min(address.port, 65_000) : 0;
}

if (values.only !== "shop")
  await withData((run) => {
    figures.push({
      what: "up examples/hello, first",
      seconds: run("up", "examples/hello", "--yes"),
      aim: 60,
    });
    run("down");
    figures.push({ what: "up examples/hello, resumed", seconds: run("up", "--yes"), aim: 10 });
    figures.push({ what: "plan examples/hello, no change", seconds: run("plan"), aim: 1 });
  });

if (values.only !== "hello" && process.getuid?.() === 0) {
  const without = values["without-image"] === true && existsSync(images);
  if (without) renameSync(images, `${images}.aside`);
  const first = without || !existsSync(images) ? "image made" : "image cached";
  await withData((run) => {
    const aim = first === "image made" ? 180 : 40;
    figures.push({ what: `up examples/shop, ${first}`, seconds: run("up", "examples/shop", "--yes"), aim });
    figures.push({ what: "plan examples/shop, no change", seconds: run("plan"), aim: 1 });
    run("down");
    figures.push({ what: "up examples/shop, resumed", seconds: run("up", "--yes"), aim: 40 });
  });
  if (first === "image made")
    await withData((run) => {
      figures.push({
        what: "up examples/shop, image cached",
        seconds: run("up", "examples/shop", "--yes"),
        aim: 40,
      });
    });
  if (without) rmSync(`${images}.aside`, { recursive: true, force: true });
}

const processor = `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}`;
console.log(`${processor}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.versions.node}`);
for (const { what, seconds, aim } of figures)
  console.log(`${what.padEnd(34)} ${seconds.toFixed(1).padStart(6)} s   (aim: under ${aim} s)`);

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BalancerSpec } from "@havn/fleet/protocol";
import { type Clock, HavnError } from "@havn/model";
import { findJson, writeFileAtomic } from "../files.ts";
import { findFreePort, requireFreePort } from "../instances/port.ts";
import { haproxyConfig } from "./config.ts";
import { balancerRunDirectory, type HaproxyPlace, type HaproxyProcess } from "./process.ts";
import { parseSlots, type RunningSlot, slotCommands } from "./runtime.ts";
import { askHaproxy, commandHaproxy } from "./socket.ts";

const run = promisify(execFile);

/** What the agent keeps of a balancer beside its configuration. */
interface Kept {
  spec: BalancerSpec;
  metricsPort: number;
}

/** One HAProxy: its files, its process, and its runtime socket, made to agree with a `BalancerSpec`. */
export class Haproxy {
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #socket: string;
  readonly #process: HaproxyProcess;
  readonly #place: HaproxyPlace;
  #kept: Kept | undefined;

  private constructor(options: HaproxyOptions, program: string, socket: string) {
    this.#clock = options.clock;
    this.#directory = join(options.directory, options.name);
    this.#socket = socket;
    this.#place = {
      name: options.name,
      program,
      config: join(this.#directory, "haproxy.cfg"),
      directory: this.#directory,
    };
    this.#process = options.process(this.#place);
  }

  static async open(options: HaproxyOptions): Promise<Haproxy> {
    const program = await findProgram();
    const directory = join(options.directory, options.name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const one = new Haproxy(options, program, await socketPath(directory, options));
    one.#kept = await findJson<Kept>(join(directory, "balancer.json"));
    return one;
  }

  get spec(): BalancerSpec | undefined {
    return this.#kept?.spec;
  }

  get metricsPort(): number | undefined {
    return this.#kept?.metricsPort;
  }

  /**
   * The configuration is written first: an HAProxy that falls half way comes back as wanted. Slots change through the
   * socket; only a changed frontend takes a reload.
   */
  async apply(spec: BalancerSpec): Promise<RunningSlot[]> {
    const before = this.#kept;
    const running = await this.#answers();
    if (!running || before?.spec.port !== spec.port)
      await requireFreePort(spec.port, `Balancer ${spec.name}`);
    const metricsPort = running && before ? before.metricsPort : await findFreePort(before?.metricsPort);
    await this.#write({ spec, metricsPort });
    if (!running) await this.#start();
    else if (before?.spec.port !== spec.port || before.spec.healthPath !== spec.healthPath)
      await this.#reload();
    return await this.#setSlots(spec);
  }

  async slots(): Promise<RunningSlot[]> {
    const [state, stat] = await Promise.all([
      askHaproxy(this.#socket, "show servers state instances"),
      askHaproxy(this.#socket, "show stat instances 4 -1"),
    ]);
    return parseSlots(state, stat);
  }

  async waitUp(slot: string, timeoutMs: number): Promise<void> {
    const deadline = this.#clock.now() + timeoutMs;
    for (;;) {
      const found = await this.#slot(slot);
      if (found.status === "UP" && found.check === "L7OK") return;
      if (this.#clock.now() >= deadline)
        throw new HavnError(`${slot} of balancer ${this.#place.name} did not come up`, {
          detail: `HAProxy says ${found.status} (${found.check || "no check yet"}) for ${found.ip}:${found.port}. Check that this address can be reached from the balancer's host.`,
        });
      await this.#clock.sleep(50);
    }
  }

  /** Resolves with the number of requests that were still under way when `timeoutMs` had passed. */
  async drain(slot: string, timeoutMs: number): Promise<number> {
    const deadline = this.#clock.now() + timeoutMs;
    let found = await this.#slot(slot);
    while (found.admin !== "maint") {
      // It is ready again where HAProxy fell meanwhile: its configuration still has it so.
      if (found.admin === "ready")
        await commandHaproxy(this.#socket, `set server instances/${slot} state drain`);
      else if (found.sessions === 0 || this.#clock.now() >= deadline) break;
      await this.#clock.sleep(20);
      found = await this.#slot(slot);
    }
    if (this.#kept) {
      const slots = this.#kept.spec.slots.map((one) =>
        one.slot === slot ? { ...one, state: "maint" as const } : one,
      );
      await this.#write({ ...this.#kept, spec: { ...this.#kept.spec, slots } });
    }
    await commandHaproxy(this.#socket, `set server instances/${slot} state maint`);
    return found.admin === "maint" ? 0 : found.sessions;
  }

  /** After the agent started again: the process is taken over or started, and made as it was left. */
  async resume(): Promise<void> {
    if (!this.#kept) return;
    await this.#process.ensure();
    await this.#untilAnswers();
    await this.#setSlots(this.#kept.spec);
  }

  async remove(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
    await rm(this.#socket, { force: true });
  }

  async #slot(slot: string): Promise<RunningSlot> {
    const found = (await this.slots()).find((one) => one.slot === slot);
    if (found) return found;
    throw new HavnError(`Balancer ${this.#place.name} has no ${slot}`, { status: 404 });
  }

  async #setSlots(spec: BalancerSpec): Promise<RunningSlot[]> {
    for (const command of slotCommands(await this.slots(), spec.slots))
      await commandHaproxy(this.#socket, command);
    return await this.slots();
  }

  async #write(kept: Kept): Promise<void> {
    const { config } = this.#place;
    const next = `${config}.next`;
    const text = haproxyConfig(kept.spec, {
      socket: this.#socket,
      stateFile: this.#stateFile,
      metricsPort: kept.metricsPort,
      user: await findUser(),
    });
    await writeFileAtomic(next, text);
    try {
      await run(this.#place.program, ["-c", "-q", "-f", next]);
    } catch (cause) {
      throw new HavnError(`HAProxy refuses the configuration of balancer ${kept.spec.name}`, {
        detail: (cause as { stderr?: string }).stderr?.trim() || String(cause),
        cause,
      });
    }
    await rename(next, config);
    await writeFileAtomic(join(this.#directory, "balancer.json"), JSON.stringify(kept));
    this.#kept = kept;
  }

  get #stateFile(): string {
    return join(this.#directory, "servers.state");
  }

  async #start(): Promise<void> {
    await rm(this.#stateFile, { force: true });
    await this.#process.ensure();
    await this.#untilAnswers();
  }

  /**
   * The new worker learns from the state file which instances are down; the file goes at once, so that a later start
   * does not take an old state for the present one.
   */
  async #reload(): Promise<void> {
    const before = await this.#workerPid();
    await writeFile(this.#stateFile, await askHaproxy(this.#socket, "show servers state"), { mode: 0o600 });
    await this.#process.reload();
    await this.#until("did not take its new configuration", async () => {
      const now = await this.#workerPid().catch(() => undefined);
      return now !== undefined && now !== before;
    });
    await rm(this.#stateFile, { force: true });
  }

  async #workerPid(): Promise<string | undefined> {
    return /^Pid: (\d+)$/m.exec(await askHaproxy(this.#socket, "show info"))?.[1];
  }

  #answers(): Promise<boolean> {
    return this.#workerPid().then(
      (pid) => pid !== undefined,
      () => false,
    );
  }

  #untilAnswers(): Promise<void> {
    return this.#until("does not run", () => this.#answers());
  }

  async #until(trouble: string, done: () => Promise<boolean>): Promise<void> {
    const deadline = this.#clock.now() + 15_000;
    while (!(await done())) {
      if (this.#clock.now() > deadline)
        throw new HavnError(`HAProxy of balancer ${this.#place.name} ${trouble}`, {
          detail: `Its last lines:\n${(await this.#process.lastLines()).join("\n")}`,
        });
      await this.#clock.sleep(30);
    }
  }
}

export interface HaproxyOptions {
  name: string;
  /** Parent of the balancers' folders. */
  directory: string;
  runtime: "process" | "systemd";
  clock: Clock;
  process(place: HaproxyPlace): HaproxyProcess;
}

async function findProgram(): Promise<string> {
  const folders = [
    ...(process.env.PATH ?? "").split(":"),
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
  ];
  for (const folder of folders) {
    const path = join(folder, "haproxy");
    if (folder !== "" && (await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  throw new HavnError("HAProxy is not installed on this host", {
    detail: "Declare its package on the balancer's host, or install it: apt-get install haproxy",
  });
}

/** Debian's package makes this user; as anyone but root HAProxy stays who it is. */
async function findUser(): Promise<{ name: string; group: string } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  return /^haproxy:/m.test(users) ? { name: "haproxy", group: "haproxy" } : undefined;
}

/** A socket's path has room for about 100 bytes; where ours is longer, a folder of our own in /tmp has it. */
async function socketPath(directory: string, { name, runtime }: HaproxyOptions): Promise<string> {
  if (runtime === "systemd") return join(balancerRunDirectory(name), "admin.sock");
  const plain = join(directory, "admin.sock");
  // HAProxy binds a temporary name with a suffix first.
  if (Buffer.byteLength(plain) <= 85) return plain;
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 12);
  const short = join(tmpdir(), `havn-${process.getuid?.() ?? 0}-${hash}`);
  await mkdir(short, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(short);
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o077) !== 0)
    throw new HavnError(`${short} belongs to somebody else`, {
      detail: "Remove it; Havn keeps a socket there.",
    });
  return join(short, "admin.sock");
}

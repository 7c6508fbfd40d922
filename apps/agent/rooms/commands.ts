import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { CommandResult, CommandSpec, RunStream } from "@havn/fleet/protocol";
import { type Clock, HavnError } from "@havn/model";
import type { RunChannel } from "./run-channel.ts";

/** Commands that run once, because somebody asked. */
export interface Commands {
  /** Resolves when it has ended, whatever its exit code. Stops it when `signal` aborts. */
  run(spec: CommandSpec, signal: AbortSignal): Promise<CommandResult>;
}

const graceMs = 5000;
/** What a command leaves behind may hold its output open: it is waited for no longer than it is silent for so long. */
const silenceMs = 1000;
const rememberedRuns = 1000;

export function createCommands({ clock, channel }: { clock: Clock; channel: RunChannel }): Commands {
  const known = new Set<string>();

  function remember(run: string): void {
    if (known.has(run))
      throw new HavnError("This run was started here before", {
        detail: "A command runs once. Start another run: havn run --again.",
        status: 409,
      });
    known.add(run);
    const [oldest] = known;
    if (known.size > rememberedRuns && oldest !== undefined) known.delete(oldest);
  }

  return {
    async run(spec, signal) {
      remember(spec.run);
      const account = await accountOf(spec.user);
      const [program = "", ...args] = commandLine(spec, account.switchTo);
      const child = spawn(program, args, {
        // A process group of its own, so that all of it can be stopped.
        detached: true,
        cwd: spec.directory ?? account.home,
        env: account.environment,
        stdio: [spec.input ? "pipe" : "ignore", "pipe", "pipe"],
      });
      const failure = await new Promise<Error | undefined>((resolve) => {
        child.once("spawn", () => resolve(undefined));
        child.once("error", resolve);
      });
      if (failure) return { stopped: false, error: whyNotStarted(failure, spec), code: 127 };
      return follow(child, spec, signal);
    },
  };

  async function follow(child: ChildProcess, spec: CommandSpec, signal: AbortSignal): Promise<CommandResult> {
    const exited = new Promise<Pick<CommandResult, "code" | "signal">>((resolve) => {
      child.once("exit", (code, name) => resolve(name ? { signal: name } : { code: code ?? 0 }));
    });
    const ending = new AbortController();
    let timedOut = false;
    const stop = () => void stopGroup(child, ending.signal);
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, spec.timeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const streams = [
      send(child.stdout, "stdout", spec.run, signal),
      send(child.stderr, "stderr", spec.run, signal),
    ];
    // A command that does not read its input to the end is no failure.
    const feeding = spec.input ? feed(child, spec.run).catch((error: unknown) => error) : undefined;
    try {
      const result = await exited;
      clearTimeout(timer);
      await silent(streams);
      const unfed = await (feeding && Promise.race([feeding, undefined]));
      const error = timedOut
        ? `It took longer than ${spec.timeoutMs / 1000} s and was stopped`
        : unfed instanceof HavnError
          ? unfed.message
          : undefined;
      return { ...result, stopped: signal.aborted, ...(error !== undefined && { error }) };
    } finally {
      clearTimeout(timer);
      ending.abort();
      signal.removeEventListener("abort", stop);
      child.stdin?.destroy();
    }
  }

  /** Hands over what the command writes as it can be taken; reads no further meanwhile, so that nothing piles up. */
  function send(stream: Readable | null, name: RunStream, run: string, signal: AbortSignal): Sending {
    const sending: Sending = { lastAt: clock.now(), done: Promise.resolve(), end: () => stream?.destroy() };
    sending.done = (async () => {
      const writer = channel.open(run, name);
      try {
        for await (const chunk of stream ?? []) {
          sending.lastAt = Number.POSITIVE_INFINITY;
          if (!signal.aborted) await writer.write(chunk as Uint8Array);
          sending.lastAt = clock.now();
        }
        await writer.end();
      } catch (error) {
        // Cut off on purpose, or nobody listens any more: the command's end is what counts.
        if (!signal.aborted && (error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE")
          stream?.destroy();
      }
    })();
    return sending;
  }

  async function silent(streams: Sending[]): Promise<void> {
    const done = Promise.all(streams.map((one) => one.done)).then(() => true);
    for (;;) {
      if (await Promise.race([done, clock.sleep(100).then(() => false)])) return;
      const now = clock.now();
      if (streams.every(({ lastAt }) => now - lastAt >= silenceMs)) for (const { end } of streams) end();
    }
  }

  async function feed(child: ChildProcess, run: string): Promise<void> {
    const { stdin } = child;
    if (!stdin) return;
    let closed = false;
    stdin.on("error", () => {
      closed = true;
    });
    for await (const bytes of channel.input(run)) {
      if (closed || stdin.destroyed) return;
      if (!stdin.write(bytes))
        await new Promise((resolve) => {
          stdin.once("drain", resolve).once("close", resolve);
        });
    }
    stdin.end();
  }

  async function stopGroup(child: ChildProcess, ended: AbortSignal): Promise<void> {
    signalGroup(child, "SIGTERM");
    await clock.sleep(graceMs, ended).catch(() => {});
    if (!ended.aborted) signalGroup(child, "SIGKILL");
  }
}

interface Sending {
  lastAt: number;
  done: Promise<void>;
  end(): void;
}

function signalGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (pid !== undefined) process.kill(-pid, constants.signals[signal]);
  } catch {
    // It has ended by itself.
  }
}

function commandLine({ command, shell }: CommandSpec, switchTo: readonly string[]): string[] {
  return [...switchTo, ...(shell ? ["/bin/sh", "-c", command.join(" ")] : command)];
}

interface Account {
  home: string;
  environment: Record<string, string>;
  /** What a command begins with to run as that user. */
  switchTo: string[];
}

async function accountOf(user: string | undefined): Promise<Account> {
  const entries = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const own = process.getuid?.() ?? -1;
  const entry = entries.find(([name, , uid]) => (user === undefined ? uid === String(own) : name === user));
  if (!entry && user !== undefined)
    throw new HavnError(`There is no user "${user}" on this host`, { status: 400 });
  const [name = "nobody", , uid = String(own), , , home = "/", shell = "/bin/sh"] = entry ?? [];
  if (own !== 0 && Number(uid) !== own)
    throw new HavnError(`The agent of this host may not become "${name}"`, {
      detail: "It does not run as root. Leave --user out.",
      status: 403,
    });
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return {
    // A user's home need not exist.
    home: existsSync(home) ? home : "/",
    // The agent's own environment is nobody else's business.
    environment: { PATH: path, HOME: home, USER: name, LOGNAME: name, SHELL: shell, LANG: "C.UTF-8" },
    switchTo: Number(uid) === own ? [] : ["runuser", "-u", name, "--"],
  };
}

function whyNotStarted(error: Error, { command, shell, directory }: CommandSpec): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const what = shell ? "/bin/sh" : (path ?? command[0] ?? "");
  if (code === "ENOENT")
    return directory === undefined
      ? `There is no program ${what}`
      : `There is no program ${what}, or no folder ${directory}`;
  if (code === "EACCES") return `${what} may not be run`;
  if (code === "E2BIG") return "The arguments are too long";
  return `${what} was not started: ${error.message}`;
}

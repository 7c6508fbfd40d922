import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FromCode, fromCode, type StepRequest, stepRequest, type ToCode } from "./protocol.ts";

export interface SessionOptions {
  code: string;
  /** Chance comes from it. */
  seed: string;
  /** What the clock shows until the first step has ended. */
  at: number;
  trigger: unknown;
  /**
   * Does a step, or tells what came of it when it was done before. `kind` tells what it does while it takes long: waiting
   * needs no process.
   */
  perform(name: string, request: StepRequest): StepWork;
  signal: AbortSignal;
}

export interface StepWork {
  /** It waits for time to pass or for a person: the code need not be kept in memory meanwhile. */
  waits: boolean;
  result: Promise<StepResult>;
}

export type StepResult = { at: number } & ({ value: unknown } | { error: string; refused?: boolean });

export type SessionEnd =
  | { kind: "ended" }
  | { kind: "failed"; error: string }
  | { kind: "refused"; error: string }
  /** All that goes on is waiting: when `settled` resolves, there is something to go on with in another session. */
  | { kind: "parked"; settled: Promise<unknown> };

/** How long everything may wait before the process is let go, and how long the code may compute between steps. */
const parkAfterMs = 10_000;
const longestSilenceMs = 30_000;

const home = dirname(fileURLToPath(import.meta.url));
const program = join(home, "child.ts");
/** What the process may read: its own program. See child.ts. */
const readable = [program, join(home, "../package.json")];

/** Runs a runbook's code once from its beginning, in a process that can do nothing but ask for steps. */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { code, seed, at, trigger, perform, signal } = options;
  const child = spawn(
    process.execPath,
    [
      "--permission",
      ...readable.map((path) => `--allow-fs-read=${path}`),
      ...["--max-old-space-size=256", "--no-warnings", program],
    ],
    { env: {}, stdio: ["ignore", "ignore", "pipe", "ipc"], serialization: "json" },
  );
  // A control plane that ends does not wait for it: it goes on in another one.
  child.unref();
  child.channel?.unref();
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  const going = new Map<number, StepWork>();
  let refusal: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  return new Promise<SessionEnd>((resolve) => {
    const end = (outcome: SessionEnd) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      child.removeAllListeners();
      child.on("error", () => {});
      child.kill("SIGKILL");
      resolve(outcome);
    };
    const stop = () => end({ kind: "failed", error: "it was stopped" });
    const say = (message: ToCode) => child.connected && child.send(message, () => {});
    /** What is waited for when nothing happens: the code itself, or what takes long. */
    const watch = () => {
      clearTimeout(timer);
      const works = [...going.values()];
      if (works.length === 0)
        timer = setTimeout(
          () =>
            end({ kind: "failed", error: `its code asked for no step within ${longestSilenceMs / 1000} s` }),
          longestSilenceMs,
        ).unref();
      else if (works.every(({ waits }) => waits))
        timer = setTimeout(
          () => end({ kind: "parked", settled: Promise.race(works.map(({ result }) => result)) }),
          parkAfterMs,
        ).unref();
    };
    const take = ({ id, name, request }: Extract<FromCode, { type: "step" }>) => {
      const parsed = stepRequest.safeParse(request);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const error = `${issue?.path.join(".") ?? "step"}: ${issue?.message ?? "cannot be read"}`;
        return say({ type: "result", id, at, error });
      }
      const work = perform(name, parsed.data);
      going.set(id, work);
      watch();
      void work.result.then((result) => {
        if (!going.delete(id)) return;
        if ("refused" in result && result.refused) refusal = result.error;
        say({ type: "result", id, ...result });
        watch();
      });
    };
    child.on("message", (sent) => {
      const parsed = fromCode.safeParse(sent);
      if (!parsed.success) return;
      const message = parsed.data;
      if (message.type === "step") take(message);
      else if (message.type === "ended") end({ kind: "ended" });
      else
        end(
          refusal !== undefined && message.error === refusal
            ? { kind: "refused", error: refusal }
            : { kind: "failed", error: message.error },
        );
    });
    child.once("error", (error) =>
      end({ kind: "failed", error: `its code was not started: ${error.message}` }),
    );
    child.once("exit", (status, name) =>
      end({
        kind: "failed",
        error: `its code ended (${name ?? status}): ${errors.trim().split("\n").at(-1) ?? ""}`,
      }),
    );
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) return stop();
    say({ type: "begin", code, seed, at, trigger });
    watch();
  });
}

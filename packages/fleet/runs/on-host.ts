import { HavnError, type HostRun, type Run, type RunEvent } from "@havn/model";
import type { HostClient, RunStream } from "../protocol/index.ts";
import { onceCommand } from "./once.ts";
import { createKeeper, createMasker } from "./output.ts";

/** What a host writes while a run goes on there. */
export interface HostSink {
  take(stream: RunStream, bytes: Uint8Array): Promise<void>;
}

const dayMs = 86_400_000;
/** An agent of ours sends pieces of 1 MiB, 16 of each stream at once: what is more would only fill the memory. */
const largestPiece = 2 << 20;
const mostPieces = 64;

/** Does a run's task on one host. Never throws: what went wrong is the result. */
export async function runOnHost(options: {
  run: Run;
  host: string;
  client: HostClient;
  isThere: boolean;
  now(): number;
  secrets: readonly string[];
  emit(event: RunEvent, bytes?: Uint8Array): Promise<void>;
  /** Where what it writes goes, until it has ended. */
  listen(sink: HostSink): Disposable;
  signal: AbortSignal;
}): Promise<HostRun> {
  const { run, host, client, now, signal, emit } = options;
  const startedAt = now();
  const output = createOutput(options);
  const ended = (result: Omit<HostRun, "host">): HostRun => ({
    ...{ host, startedAt, endedAt: now() },
    ...output.kept(),
    ...result,
  });
  if (!options.isThere) return ended({ state: "away", error: "Its agent is not connected" });
  using _listening = options.listen(output);
  try {
    switch (run.task.kind) {
      case "command": {
        const { kind: _, timeoutMs = dayMs - 60_000, once, ...task } = run.task;
        const kept = once === undefined ? task : { ...task, ...onceCommand(once, task) };
        const spec = { ...kept, timeoutMs, run: run.id, input: (run.inputBytes ?? 0) > 0 };
        const result = await client.call(host, "command.run", spec, {
          signal,
          timeoutMs: timeoutMs + 30_000,
        });
        await output.end();
        const { stopped, ...how } = result;
        const failed = how.code !== 0 || how.error !== undefined;
        return ended({ ...how, state: stopped ? "stopped" : failed ? "failed" : "ok" });
      }
      case "copy-to": {
        const { kind: _, ...task } = run.task;
        const onProgress = (bytes: unknown) =>
          void emit({ kind: "progress", host, bytes: Number(bytes) }).catch(() => {});
        const spec = { ...task, run: run.id };
        const { bytes } = await client.call(host, "copy.to", spec, { signal, timeoutMs: dayMs, onProgress });
        return ended({ state: "ok", bytes });
      }
      case "copy-from": {
        const spec = { source: run.task.source, run: run.id };
        const { bytes } = await client.call(host, "copy.from", spec, { signal, timeoutMs: dayMs });
        return ended({ state: "ok", bytes });
      }
    }
  } catch (error) {
    await output.end().catch(() => {});
    if (signal.aborted) return ended({ state: "stopped" });
    const known = error instanceof HavnError ? error : new HavnError(String(error));
    const told = [known.message, known.detail].filter((text) => text !== "").join(". ");
    // The way there fell: what became of it is not known.
    return ended({ state: known.retryable && known.status === 503 ? "lost" : "failed", error: told });
  }
}

function createOutput(options: {
  host: string;
  secrets: readonly string[];
  emit(event: RunEvent, bytes?: Uint8Array): Promise<void>;
}) {
  const { host, emit } = options;
  let bytes = 0;
  let waiting = 0;
  const open = (stream: "stdout" | "stderr") => ({
    stream,
    decoder: new TextDecoder(),
    masker: createMasker(options.secrets),
    keeper: createKeeper(),
  });
  const streams = { stdout: open("stdout"), stderr: open("stderr") };

  async function show({ stream, keeper }: ReturnType<typeof open>, text: string): Promise<void> {
    if (text === "") return;
    keeper.push(text);
    await emit({ kind: "output", host, stream, text });
  }

  return {
    async take(stream: RunStream, content: Uint8Array): Promise<void> {
      if (content.length > largestPiece || waiting >= mostPieces)
        throw new HavnError("A run writes more at once than is taken", { status: 413 });
      bytes += content.length;
      waiting += 1;
      try {
        if (stream === "content")
          return await emit({ kind: "content", host, length: content.length }, content);
        const one = streams[stream];
        await show(one, one.masker.push(one.decoder.decode(content, { stream: true })));
      } finally {
        waiting -= 1;
      }
    },
    async end(): Promise<void> {
      for (const one of Object.values(streams))
        await show(one, one.masker.push(one.decoder.decode()) + one.masker.end());
    },
    kept(): Pick<HostRun, "stdout" | "stderr" | "bytes"> {
      const [stdout, stderr] = [streams.stdout.keeper.text(), streams.stderr.keeper.text()];
      return { ...(stdout !== "" && { stdout }), ...(stderr !== "" && { stderr }), bytes };
    },
  };
}

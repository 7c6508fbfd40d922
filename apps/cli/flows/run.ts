import { Readable } from "node:stream";
import { HavnError, type Run, type RunEvent, runEventSchema, runSchema } from "@havn/model";
import { z } from "zod";
import type { Api } from "../api/client.ts";
import type { Globals } from "../kit/command.ts";
import type { Io } from "../kit/io.ts";
import { createPrefixes, hostNames } from "../views/run.ts";
import { chooseEnvironment } from "./memory.ts";

export interface RunFlow {
  api: Api;
  io: Io;
  signal: AbortSignal;
}

/** Where names of hosts are looked for: nowhere in particular where the expression says it itself. */
export async function environmentOf(
  expression: string,
  named: string | undefined,
  where: { globals: Globals; api: Api; signal: AbortSignal },
): Promise<string | undefined> {
  if (named === undefined && expression.includes("/")) return undefined;
  return chooseEnvironment(named, where);
}

/** Sends a run its input, as it comes. */
export async function sendInput(
  { api, signal }: RunFlow,
  run: Run,
  content: Readable | AsyncIterable<Uint8Array>,
): Promise<void> {
  const stream = Readable.toWeb(
    content instanceof Readable ? content : Readable.from(content, { objectMode: false }),
  );
  await api.put(`/api/v1/runs/${run.id}/input`, z.object({ bytes: z.number() }), {
    upload: { type: "application/octet-stream", content: stream as ReadableStream },
    signal,
  });
}

/**
 * Starts a run and follows it to its end; whoever aborts `signal` stops it on every host. `bytes` are those of a
 * "content".
 */
export async function followRun(
  { api, signal }: RunFlow,
  run: Run,
  onEvent: (event: RunEvent, bytes: Uint8Array) => void | Promise<void>,
): Promise<Run> {
  const bytesAfter = (event: RunEvent) => (event.kind === "content" ? event.length : 0);
  const events = api.lines(`/api/v1/runs/${run.id}/start`, runEventSchema, { signal, bytesAfter });
  for await (const { value: event, bytes } of events) {
    if (event.kind === "finished") return event.run;
    await onEvent(event, bytes);
  }
  throw new HavnError("The control plane ended in the middle of the run", {
    detail: `What is known of it: havn runs show ${run.id.slice(0, 8)}`,
    status: 503,
  });
}

/** The run that an id, or the beginning of one, names. */
export async function findRunId({ api, signal }: RunFlow, typed: string): Promise<string> {
  const { runs } = await api.get("/api/v1/runs", z.object({ runs: z.array(runSchema) }), {
    query: { limit: 1000 },
    signal,
  });
  const found = runs.filter(({ id }) => id.startsWith(typed.toLowerCase()));
  const [only] = found;
  if (only && found.length === 1) return only.id;
  throw new HavnError(only ? `Several runs begin with "${typed}"` : `There is no run "${typed}"`, {
    detail: "`havn runs` lists them.",
    status: 404,
  });
}

/** Output of several hosts, whole lines only, each with its host's name before it. */
export function createLines(run: Run, { io, json }: { io: Io; json: boolean }) {
  const names = hostNames(run.results.map(({ host }) => host));
  const prefixes = createPrefixes(names, io.style);
  const begun = new Map<string, string>();
  const show = (host: string, stream: "stdout" | "stderr", line: string) => {
    if (json) io.out(JSON.stringify({ host, stream, line }));
    else if (stream === "stdout") io.out(prefixes.line(host, stream, line));
    else io.warn(prefixes.line(host, stream, line));
  };
  const streams = ["stdout", "stderr"] as const;
  return {
    add(host: string, stream: "stdout" | "stderr", text: string): void {
      const key = `${stream} ${host}`;
      const lines = ((begun.get(key) ?? "") + text).split("\n");
      begun.set(key, lines.pop() ?? "");
      for (const line of lines) show(host, stream, line);
    },
    /** A last line that no newline ends. */
    end(host: string): void {
      for (const stream of streams) {
        const rest = begun.get(`${stream} ${host}`) ?? "";
        begun.delete(`${stream} ${host}`);
        if (rest !== "") show(host, stream, rest);
      }
    },
  };
}

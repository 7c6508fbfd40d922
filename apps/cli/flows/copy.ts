import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { encodeFiles, sourceOf, writeFiles } from "@havn/fleet/copy";
import type { HostRun, Run } from "@havn/model";
import { openRegion } from "../kit/region.ts";
import { foldNames } from "../views/hosts.ts";
import { hostNames } from "../views/run.ts";
import { bytes } from "../views/words.ts";
import { followRun, type RunFlow, sendInput } from "./run.ts";

/** `HOSTS:/path`; undefined for a path of this computer. */
export function remotePath(text: string): { hosts: string; path: string } | undefined {
  if (/^(\/|\.\.?\/|~\/)/.test(text)) return undefined;
  const [, hosts, path] = /^(.+?):(\/.*)$/s.exec(text) ?? [];
  return hosts === undefined || path === undefined ? undefined : { hosts, path };
}

/** Sends files to the control plane, and from there to each host. */
export async function copyTo(flow: RunFlow, run: Run, sources: readonly string[]): Promise<Run> {
  const names = hostNames(run.results.map(({ host }) => host));
  const arrived = new Map<string, number>();
  let sent = 0;
  let phase = () => `sending ${bytes(sent)}`;
  const region = openRegion(flow.io);
  region.show(() => [`  ${phase()}`]);
  try {
    await sendInput(
      flow,
      run,
      counted(encodeFiles(sources, { signal: flow.signal }), (length) => {
        sent += length;
      }),
    );
    const waiting = new Set(names.keys());
    phase = () => {
      const least = Math.min(...[...waiting].map((host) => arrived.get(host) ?? 0));
      return `${bytes(least)} of ${bytes(sent)} on ${foldNames([...waiting].map((host) => names.get(host) ?? host))}`;
    };
    return await followRun(flow, run, (event) => {
      if (event.kind === "progress") arrived.set(event.host, event.bytes);
      if (event.kind === "ended") waiting.delete(event.result.host);
    });
  } finally {
    region.close();
  }
}

async function* counted(pieces: AsyncIterable<Uint8Array>, add: (length: number) => void) {
  for await (const piece of pieces) {
    add(piece.length);
    yield piece;
  }
}

interface Arrival {
  content: PassThrough;
  written: Promise<HostRun["error"]>;
}

/** Takes files from each host: one host's to `destination`, several hosts' to a folder each in it. */
export async function copyFrom(flow: RunFlow, run: Run, destination: string): Promise<Run> {
  const names = hostNames(run.results.map(({ host }) => host));
  const several = names.size > 1;
  if (several) await mkdir(destination, { recursive: true });
  const arrivals = new Map<string, Arrival>();
  const failures = new Map<string, string>();
  let received = 0;
  const region = openRegion(flow.io);
  region.show(() => [`  received ${bytes(received)}`]);
  const open = (host: string): Arrival => {
    const content = new PassThrough({ highWaterMark: 4 << 20 });
    const folder = several ? `${join(destination, names.get(host) ?? host)}/` : destination;
    const written = writeFiles(sourceOf(content), folder, { signal: flow.signal }).then(
      () => undefined,
      (error: unknown) => {
        // The rest is read and thrown away: other hosts share the connection.
        content.resume();
        return error instanceof Error ? error.message : String(error);
      },
    );
    const arrival = { content, written };
    arrivals.set(host, arrival);
    return arrival;
  };
  try {
    const ended = await followRun(flow, run, async (event, piece) => {
      if (event.kind === "content") {
        const { content } = arrivals.get(event.host) ?? open(event.host);
        received += piece.length;
        if (!content.write(piece)) await once(content, "drain", { signal: flow.signal });
      }
      if (event.kind !== "ended") return;
      const { host, state } = event.result;
      const arrival = arrivals.get(host);
      arrival?.content.end();
      const failure = await arrival?.written;
      if (failure !== undefined && state === "ok") failures.set(host, failure);
    });
    const results = ended.results.map((result): HostRun => {
      const error = failures.get(result.host);
      return error === undefined ? result : { ...result, state: "failed", error };
    });
    return { ...ended, results, ...(failures.size > 0 && { state: "failed" as const }) };
  } finally {
    for (const { content } of arrivals.values()) content.destroy();
    await Promise.all([...arrivals.values()].map(({ written }) => written));
    region.close();
  }
}

/** What metrics-queries.ts asks about: written once for the same options, a part at a time where that takes long. */
import { access, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Shape, writeRequests } from "@havn/telemetry/testing";
import type { Peer } from "./peers.ts";

export interface Amount {
  series: number;
  rounds: number;
  everySeconds: number;
}

/** What stands in the directory about what was written. */
interface Progress {
  /** Milliseconds since the epoch: when writing began. */
  began: number;
  requests: number;
  whole: boolean;
}

const perRequest = 10_000;
const mostAtOnce = 10;

/** Of ten series eight are counters of requests, two are buckets of a histogram. */
const shape: Shape = {
  labels(at): Record<string, string> {
    const own = { instance: `10.0.${(at >> 8) % 256}.${at % 256}:9100`, job: `job-${at % 7}`, n: String(at) };
    if (at % 10 < 8) return { __name__: "http_requests_total", code: String(200 + (at % 5)), ...own };
    const le = ["0.1", "0.5", "1", "5", "+Inf"][Math.floor(at / 10) % 5] ?? "";
    const group = String(Math.floor(at / 50) * 2 + (at % 2));
    return { __name__: "request_duration_seconds_bucket", le, job: own.job, group };
  },
  value(at, round) {
    if (at % 10 < 8) return round * ((at % 97) + 1) + ((at * 7919 + round * 104_729) % 50);
    return round * ((Math.floor(at / 10) % 5) + 1) * 3;
  },
};

/** What a run that was cut short left cannot be gone on with: nobody knows who has which part of it. */
export async function removeBroken(directory: string): Promise<void> {
  const exists = (name: string) =>
    access(join(directory, name)).then(
      () => true,
      () => false,
    );
  if ((await exists("writing")) || !(await exists("written.json")))
    await rm(directory, { recursive: true, force: true });
}

/** Writes on for at most `seconds`. Gives the time of the last sample in seconds since the epoch, once all are written. */
export async function write(
  directory: string,
  { peers, amount, seconds }: { peers: readonly Peer[]; amount: Amount; seconds: number },
): Promise<number | undefined> {
  const progressPath = join(directory, "written.json");
  const progress = await readFile(progressPath, "utf8").then(
    (text) => JSON.parse(text) as Progress,
    (): Progress => ({ began: Date.now(), requests: 0, whole: false }),
  );
  const { series, rounds, everySeconds } = amount;
  const intervalMs = everySeconds * 1000;
  if (!progress.whole) {
    await writeFile(join(directory, "writing"), "");
    const until = performance.now() + seconds * 1000;
    const requests = writeRequests({
      ...{ series, rounds, perRequest, intervalMs, shape },
      ...{ now: progress.began, skip: progress.requests },
    });
    // As many at once as cannot be of the same series: Prometheus takes those in order only.
    const atOnce = Math.max(1, Math.min(mostAtOnce, Math.floor(series / perRequest)));
    while (!progress.whole && performance.now() < until) {
      const some: { body: Uint8Array }[] = [];
      for (let next = requests.next(); !next.done; next = requests.next())
        if (some.push(next.value) === atOnce) break;
      await Promise.all(some.flatMap(({ body }) => peers.map((peer) => send(peer, body))));
      progress.requests += some.length;
      progress.whole = some.length < atOnce;
    }
    for (const peer of peers) await peer.settled();
    await writeFile(progressPath, JSON.stringify(progress));
    await rm(join(directory, "writing"));
  }
  if (progress.whole) return (Math.floor(progress.began / intervalMs) - 1) * everySeconds;
  const all = Math.ceil(series / perRequest) * rounds;
  console.log(`  ${progress.requests} of ${all} requests are written: call it again to go on`);
  return undefined;
}

async function send({ write: url, headers, name }: Peer, body: Uint8Array): Promise<void> {
  const response = await fetch(url(), {
    method: "POST",
    body: body as BodyInit,
    headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy", ...headers },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`);
}

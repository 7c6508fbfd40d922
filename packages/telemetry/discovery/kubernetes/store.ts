import { StringDecoder } from "node:string_decoder";
import { HavnError } from "@havn/model";
import { z } from "zod";
import type { DiscoveryContext } from "../discovery.ts";
import { anyObject } from "./objects.ts";

const largestAnswer = 256 * 1024 * 1024;
const largestEvent = 16 * 1024 * 1024;
const mostObjects = 100_000;
const pageSize = 500;
/** A watch is begun anew after so long, as the API's own clients do. */
const watchSeconds = 300;
/** Between two watches: an API that ends them at once is not asked without a pause. */
const pauseMs = 100;
const retryMs = 5_000;
const silenceMs = (watchSeconds + 60) * 1000;

const list = z.object({
  metadata: z.object({ resourceVersion: z.string().default(""), continue: z.string().nullish() }).default({
    resourceVersion: "",
  }),
  items: z.array(z.unknown()).nullish(),
});
const event = z.object({ type: z.string(), object: z.unknown() });

/** All objects of a kind, kept as the API tells of them. By `namespace/name`. */
export type Objects = ReadonlyMap<string, unknown>;

export interface Watched {
  /** Where lists of it are, for example `https://10.0.0.1:6443/api/v1/pods`. */
  url: string;
  selectors: Readonly<Record<string, string>>;
}

/** Lists a kind of objects, and follows what changes, until the signal aborts. Told whenever `objects` has changed. */
export async function follow(
  watched: Watched,
  changed: (objects: Objects) => void,
  context: DiscoveryContext,
): Promise<void> {
  const { signal, clock, failed } = context;
  const objects = new Map<string, unknown>();
  while (!signal.aborted) {
    try {
      let version: string | undefined = await readAll(watched, objects, context);
      failed(undefined);
      changed(objects);
      while (!signal.aborted && version !== undefined) {
        version = await watchOnce({ watched, version, objects }, () => changed(objects), context);
        await clock.sleep(pauseMs, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      failed(error instanceof Error ? error.message : String(error));
    }
    await clock.sleep(retryMs, signal);
  }
}

/** Replaces `objects` by what there is now; gives the version that a watch goes on from. */
async function readAll(
  { url, selectors }: Watched,
  objects: Map<string, unknown>,
  { connection, signal }: DiscoveryContext,
): Promise<string> {
  const fresh = new Map<string, unknown>();
  let next = "";
  let version = "";
  do {
    const query = new URLSearchParams({
      ...selectors,
      limit: String(pageSize),
      ...(next && { continue: next }),
    });
    const { bytes } = await connection.get(`${url}?${query}`, {
      headers: { accept: "application/json" },
      largest: largestAnswer,
      signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
    });
    const parsed = list.safeParse(parseJson(Buffer.from(bytes).toString("utf8")));
    if (!parsed.success) throw new HavnError(`${url} answers with no list`, { status: 502 });
    for (const item of parsed.data.items ?? []) keep(fresh, item);
    version = parsed.data.metadata.resourceVersion;
    next = parsed.data.metadata.continue ?? "";
  } while (next !== "");
  objects.clear();
  for (const [key, item] of fresh) objects.set(key, item);
  return version;
}

/** Gives the version to go on from; undefined where everything has to be read again. */
async function watchOnce(
  { watched, version, objects }: { watched: Watched; version: string; objects: Map<string, unknown> },
  changed: () => void,
  { connection, signal }: DiscoveryContext,
): Promise<string | undefined> {
  const query = new URLSearchParams({
    ...{ ...watched.selectors, watch: "1", allowWatchBookmarks: "true" },
    ...{ resourceVersion: version, timeoutSeconds: String(watchSeconds) },
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]);
  const response = await connection.open(`${watched.url}?${query}`, {
    ...{ headers: { accept: "application/json" }, largest: largestAnswer, signal: limit },
  });
  let latest = version;
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const text = decoder.write(chunk);
    rest += text;
    if (rest.length > largestEvent) throw new HavnError("an event is too large", { status: 502 });
    // An event that comes in many chunks is looked through once, at its end.
    if (!text.includes("\n")) continue;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    const events = lines.filter((line) => line.trim() !== "").map((line) => event.parse(parseJson(line)));
    if (events.some(({ type }) => type === "ERROR")) return undefined;
    for (const { type, object } of events) {
      latest = anyObject.safeParse(object).data?.metadata.resourceVersion ?? latest;
      if (type === "DELETED") objects.delete(keyOf(object) ?? "");
      else if (type !== "BOOKMARK") keep(objects, object);
    }
    if (events.some(({ type }) => type !== "BOOKMARK")) changed();
  }
  return latest;
}

function keep(objects: Map<string, unknown>, item: unknown): void {
  const key = keyOf(item);
  if (key === undefined) return;
  objects.set(key, item);
  if (objects.size > mostObjects)
    throw new HavnError(`the API tells of more than ${mostObjects} objects`, {
      status: 502,
      detail: "Select fewer, by namespaces or selectors.",
    });
}

function keyOf(item: unknown): string | undefined {
  const parsed = z
    .object({ metadata: z.object({ name: z.string().default(""), namespace: z.string().default("") }) })
    .safeParse(item);
  if (!parsed.success || parsed.data.metadata.name === "") return undefined;
  return `${parsed.data.metadata.namespace}/${parsed.data.metadata.name}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HavnError("the API answers with no JSON", { status: 502, cause });
  }
}

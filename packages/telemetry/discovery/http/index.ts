import { HavnError, parseDuration } from "@havn/model";
import type { HttpSd } from "@havn/prometheus";
import { type Discover, poll } from "../discovery.ts";
import { readGroups } from "../groups.ts";

const largestAnswer = 16 * 1024 * 1024;

/** Targets that an address answers with: the same JSON as in files. */
export const discoverHttp: Discover<HttpSd> = (config, found, context) => {
  const intervalMs = parseDuration(config.refresh_interval ?? "1m");
  const ask = async () => {
    const { bytes, contentType } = await context.connection.get(config.url, {
      headers: {
        accept: "application/json",
        "x-prometheus-refresh-interval-seconds": String(intervalMs / 1000),
      },
      largest: largestAnswer,
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(Math.min(intervalMs, 30_000))]),
    });
    if (!/^application\/json(;\s*charset="?utf-8"?)?$/i.test(contentType))
      throw new HavnError(`unsupported content type ${JSON.stringify(contentType.slice(0, 80))}`, {
        status: 502,
      });
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch (cause) {
      throw new HavnError("the answer is no JSON", { status: 502, cause });
    }
    return readGroups(value, { what: "the answer", meta: { __meta_url: config.url } });
  };
  return poll(ask, { found, intervalMs, context });
};

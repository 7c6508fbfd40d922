import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { CheckSpec } from "@havn/fleet/protocol";
import { type Attempt, describeFailure } from "../probe.ts";

type HttpProbe = Extract<CheckSpec["probe"], { kind: "http" }>;

/** As much of an answer as is searched for `contains`. */
const longestBody = 1024 * 1024;

/** One GET over a connection of its own; redirects are not followed. */
export async function probeHttp(probe: HttpProbe, signal: AbortSignal): Promise<Attempt> {
  try {
    const response = await get(probe.url, signal);
    const status = response.statusCode ?? 0;
    const body = await readBody(response);
    if (status !== probe.status) return { ok: false, output: `status ${status}, not ${probe.status}` };
    if (probe.contains !== undefined && !body.includes(probe.contains))
      return { ok: false, output: `status ${status}, but the answer does not contain "${probe.contains}"` };
    return { ok: true, output: `status ${status}` };
  } catch (cause) {
    return { ok: false, output: describeFailure(cause) };
  }
}

function get(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    request(url, { agent: false, signal, headers: { "user-agent": "havn-check" } }, resolve)
      .on("error", reject)
      .end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= longestBody) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

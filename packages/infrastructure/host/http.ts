import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { HavnError } from "@havn/model";
import type { HttpRequest } from "../resources/type.ts";

const largestAnswer = 1024 * 1024;
const mostRedirects = 5;

export interface HttpAnswer {
  status: number;
  /** The first MiB as text. */
  body: string;
}

/** One request, redirects followed, its answer read. Throws a HavnError that names the URL without its query. */
export async function request(wanted: HttpRequest): Promise<HttpAnswer> {
  const answer = await open(wanted);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= largestAnswer) break;
    }
  } finally {
    answer.destroy();
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") };
}

/** The answer as it comes in. `timeoutMs` is how long the other side may be silent. */
export async function open(wanted: HttpRequest): Promise<IncomingMessage> {
  let { url, method, headers } = wanted;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await send({ ...wanted, url, method, headers });
    const { statusCode = 0 } = answer;
    const { location } = answer.headers;
    if (statusCode < 300 || statusCode > 399 || location === undefined || wanted.status.includes(statusCode))
      return answer;
    answer.resume();
    const next = new URL(location, url);
    // What authorises towards one server is no business of another.
    if (next.origin !== new URL(url).origin) headers = {};
    if (statusCode === 303) method = "GET";
    url = next.href;
  }
  throw failure(wanted.url, "it redirects in a circle");
}

function send({ url, method, headers, body, timeoutMs }: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const make = url.startsWith("https:") ? tlsRequest : plainRequest;
    let sent: ClientRequest;
    try {
      sent = make(url, { method, headers, agent: false });
    } catch (error) {
      return reject(failure(url, (error as Error).message));
    }
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.once("error", (error) => reject(failure(url, error.message)));
    sent.once("response", resolve);
    sent.end(body);
  });
}

export const failure = (url: string, why: string) =>
  new HavnError(`${shownUrl(url)} could not be fetched`, { detail: why, retryable: true });

/** Without user, password and query: they may be secret. */
export function shownUrl(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return origin + pathname;
  } catch {
    return "(no valid URL)";
  }
}

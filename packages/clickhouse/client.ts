import { createReadStream } from "node:fs";
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { HavnError } from "@havn/model";

export type Param =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly bigint[];

/** Where ClickHouse's HTTP interface is. */
export interface Endpoint {
  url: URL;
  socketPath?: string;
  agent: Agent;
}

export interface Call {
  sql: string;
  params?: Record<string, Param>;
  settings?: Record<string, string>;
  format?: string;
  body?: readonly string[];
  signal?: AbortSignal;
}

/** ClickHouse's own refusal; `code` is its error code, for example 60 UNKNOWN_TABLE. */
export class ClickHouseError extends HavnError {
  readonly code: number;

  constructor(code: number, message: string) {
    super(`ClickHouse refused a query: ${message.split("\n")[0]?.slice(0, 500)}`, {
      detail: retryableCodes.has(code) ? "Try again." : "",
      status: retryableCodes.has(code) ? 503 : 500,
      retryable: retryableCodes.has(code),
    });
    this.code = code;
  }
}

// Out of memory, too many parts, too many queries, timeouts, read-only replica, keeper and network trouble.
const retryableCodes = new Set([
  3, 159, 160, 164, 202, 209, 210, 225, 241, 242, 252, 279, 285, 319, 425, 999,
]);

/** No answer came: nothing is known of what the query did, unless it was never `sent`. */
export class ConnectionLost extends HavnError {
  readonly sent: boolean;

  constructor(cause: unknown) {
    super("The connection to ClickHouse broke", {
      cause,
      status: 503,
      retryable: true,
      detail: `${(cause as Error).message}. It is tried again.`,
    });
    this.sent = !["ECONNREFUSED", "ENOENT", "ENOTFOUND"].includes(
      (cause as NodeJS.ErrnoException).code ?? "",
    );
  }
}

/** Takes an answer as it comes. */
export interface Sink<T> {
  push(bytes: Buffer): void;
  end(): T;
}

/** Sends one query; resolves with the answer's bytes. Throws ClickHouseError, ConnectionLost or the signal's reason. */
export function callClickHouse(endpoint: Endpoint, call: Call): Promise<Uint8Array> {
  return callInto(endpoint, call, collector);
}

/** The same where the answer is worked on while it comes; a refusal does not reach the sink. */
export async function callInto<T>(endpoint: Endpoint, call: Call, open: () => Sink<T>): Promise<T> {
  call.signal?.throwIfAborted();
  const response = await send(endpoint, call);
  const code = response.headers["x-clickhouse-exception-code"];
  if (code !== undefined || (response.statusCode ?? 500) >= 400) {
    const bytes = await drain(response, collector(), call.signal);
    throw new ClickHouseError(Number(code ?? 0), new TextDecoder().decode(bytes.subarray(0, 2000)));
  }
  return drain(response, open(), call.signal);
}

function send(endpoint: Endpoint, call: Call): Promise<IncomingMessage> {
  const url = new URL(endpoint.url);
  for (const [name, value] of Object.entries(call.params ?? {}))
    url.searchParams.set(`param_${name}`, formatParam(value));
  for (const [name, value] of Object.entries(call.settings ?? {})) url.searchParams.set(name, value);
  if (call.format) url.searchParams.set("default_format", call.format);
  if (call.body) url.searchParams.set("query", call.sql);
  const headers: Record<string, string> = {};
  if (url.username) {
    headers["X-ClickHouse-User"] = decodeURIComponent(url.username);
    headers["X-ClickHouse-Key"] = decodeURIComponent(url.password);
    url.username = "";
    url.password = "";
  }
  return new Promise((resolve, reject) => {
    const open = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request: ClientRequest = open(url, {
      method: "POST",
      agent: endpoint.agent,
      headers,
      ...(endpoint.socketPath ? { socketPath: endpoint.socketPath } : {}),
      ...(call.signal ? { signal: call.signal } : {}),
    });
    request.once("response", resolve);
    request.once("error", (error) =>
      reject(call.signal?.aborted ? call.signal.reason : new ConnectionLost(error)),
    );
    if (call.body) void sendFiles(request, call.body);
    else request.end(call.sql);
  });
}

async function sendFiles(request: ClientRequest, files: readonly string[]): Promise<void> {
  try {
    for (const file of files)
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
        if (!request.write(chunk))
          await new Promise((resolve) => request.once("drain", resolve).once("close", resolve));
    request.end();
  } catch (error) {
    request.destroy(error as Error);
  }
}

async function drain<T>(response: Readable, sink: Sink<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    await new Promise<void>((resolve, reject) => {
      response.on("data", (chunk: Buffer) => {
        try {
          sink.push(chunk);
        } catch (error) {
          response.destroy(error as Error);
        }
      });
      response.once("end", resolve);
      response.once("error", reject);
      response.once("close", () => reject(new Error("the answer was cut short")));
    });
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw signal?.aborted ? signal.reason : new ConnectionLost(error);
  }
  return sink.end();
}

function collector(): Sink<Uint8Array> {
  const chunks: Buffer[] = [];
  return {
    push: (chunk) => void chunks.push(chunk),
    end: () => {
      const [only] = chunks;
      return only && chunks.length === 1 ? only : Buffer.concat(chunks);
    },
  };
}

/** Text of a parameter as the HTTP interface takes it: strings escaped as in TSV, arrays as literals. */
function formatParam(value: Param): string {
  if (typeof value === "string")
    return value.replace(/[\\\t\n\r\b\f\0]/g, (letter) => escapes[letter] ?? letter);
  if (!Array.isArray(value)) return String(value);
  const parts = value.map((part) => (typeof part === "string" ? quoteString(part) : String(part)));
  return `[${parts.join(",")}]`;
}

const escapes: Record<string, string> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\b": "\\b",
  "\f": "\\f",
  "\0": "\\0",
};

/** A string literal for SQL. Prefer parameters; this is for table functions, which take none. */
export function quoteString(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

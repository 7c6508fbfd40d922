import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ProbeOf } from "@havn/model";

export interface Answer {
  url: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** As they came, also those beyond what is kept in `body`. */
  bytes: number;
  phases: Phases;
}

/** Milliseconds. What did not happen (a name to look up, TLS) is absent. Of redirects: all requests together. */
export interface Phases {
  dns?: number | undefined;
  connect?: number | undefined;
  tls?: number | undefined;
  firstByte: number;
  transfer: number;
  total: number;
}

/** As much of an answer as is looked into. */
const longestBody = 1024 * 1024;

export async function ask(
  probe: Pick<ProbeOf<"http">, "method" | "headers" | "body" | "insecure" | "authority">,
  url: string,
  signal: AbortSignal,
  earlier?: Answer,
): Promise<Answer> {
  const began = performance.now();
  const marks: Partial<Record<"lookup" | "connect" | "secureConnect", number>> = {};
  const response = await send(probe, url, signal, (what) => {
    marks[what] = performance.now();
  });
  const answered = performance.now();
  const { body, bytes } = await readBody(response);
  const ended = performance.now();
  const { lookup, connect, secureConnect } = marks;
  const total = (since: number, before: number | undefined) => since + (before ?? 0);
  const before = earlier?.phases;
  return {
    ...{ url, body, bytes, status: response.statusCode ?? 0, headers: response.headers },
    phases: {
      dns: lookup === undefined ? before?.dns : total(lookup - began, before?.dns),
      connect: connect === undefined ? before?.connect : total(connect - (lookup ?? began), before?.connect),
      tls: secureConnect === undefined ? before?.tls : total(secureConnect - (connect ?? began), before?.tls),
      firstByte: total(answered - (secureConnect ?? connect ?? began), before?.firstByte),
      transfer: total(ended - answered, before?.transfer),
      total: total(ended - began, before?.total),
    },
  };
}

function send(
  probe: Parameters<typeof ask>[0],
  url: string,
  signal: AbortSignal,
  mark: (what: "lookup" | "connect" | "secureConnect") => void,
): Promise<IncomingMessage> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        ...{ agent: false, signal, method: probe.method ?? "GET" },
        headers: {
          "user-agent": "havn-check",
          ...(probe.body !== undefined && { "content-length": String(Buffer.byteLength(probe.body)) }),
          ...probe.headers,
        },
        ...(url.startsWith("https:") && {
          rejectUnauthorized: probe.insecure !== true,
          ...(probe.authority !== undefined && { ca: probe.authority }),
        }),
      },
      resolve,
    );
    asked.on("error", reject);
    asked.on("socket", (socket) => {
      for (const event of ["lookup", "connect", "secureConnect"] as const)
        socket.once(event, () => mark(event));
    });
    asked.end(probe.body);
  });
}

async function readBody(response: IncomingMessage): Promise<{ body: string; bytes: number }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= longestBody) break;
  }
  return { body: Buffer.concat(chunks).toString("utf8"), bytes };
}

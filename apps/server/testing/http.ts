import { type IncomingHttpHeaders, request } from "node:http";

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; undefined where it is none. */
  json: unknown;
}

export interface HttpCall {
  port: number;
  method?: string;
  path: string;
  token?: string | undefined;
  headers?: Record<string, string>;
  /** Sent as it stands; other values are sent as JSON. */
  body?: unknown;
  /** An address of this computer (127.0.0.x) to call from. */
  from?: string;
}

/** One request to 127.0.0.1 on a connection of its own. Rejects where no whole answer came. */
export function http({
  port,
  method = "GET",
  path,
  token,
  headers,
  body,
  from,
}: HttpCall): Promise<HttpAnswer> {
  const content = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    let answered = false;
    const outgoing = request(
      {
        ...{ host: "127.0.0.1", port, method, path, agent: false },
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { "content-type": "application/json" }),
          // Without its length it goes in pieces, which is what `transfer-encoding` asks for.
          ...(content === undefined || headers?.["transfer-encoding"]
            ? {}
            : { "content-length": String(Buffer.byteLength(content)) }),
          ...headers,
        },
      },
      (response) => {
        answered = true;
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) }),
        );
      },
    );
    outgoing.setTimeout(60_000, () => outgoing.destroy(new Error(`${method} ${path}: no answer in 60 s`)));
    // A server may answer and close before it has read all of a body that it refuses: the answer is what counts.
    outgoing.on("error", (error) => {
      if (!answered) setTimeout(() => reject(error), 1000);
    });
    outgoing.end(content);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

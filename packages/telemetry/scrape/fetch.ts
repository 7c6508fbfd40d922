import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { SecureVersion } from "node:tls";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { HavnError } from "@havn/model";

/** How something is asked over HTTP, with its secrets opened: never to be logged or shown. */
export interface HttpOptions {
  headers: Readonly<Record<string, string | readonly string[]>>;
  tls: {
    ca?: string | undefined;
    cert?: string | undefined;
    key?: string | undefined;
    servername?: string | undefined;
    rejectUnauthorized?: boolean | undefined;
    minVersion?: SecureVersion | undefined;
    maxVersion?: SecureVersion | undefined;
  };
  followRedirects: boolean;
}

export const plainHttp: HttpOptions = { headers: {}, tls: {}, followRedirects: true };

/** Connections that are kept between two scrapes of one target. */
export class Connection {
  readonly options: HttpOptions;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 4 });
  readonly #https: HttpsAgent;

  constructor(options: HttpOptions = plainHttp) {
    this.options = options;
    const set = Object.entries(options.tls).filter(([, value]) => value !== undefined);
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: 4, ...Object.fromEntries(set) });
  }

  /** The whole answer, decompressed. Throws a HavnError that tells no secret; the reason of `signal` where it aborts. */
  async get(url: string, asked: GetOptions): Promise<Answer> {
    let at = new URL(url);
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(at, at.origin === new URL(url).origin, asked);
      const { statusCode = 0, headers } = response;
      const isRedirect = [301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined;
      if (!isRedirect || !this.options.followRedirects) return readAnswer(response, asked);
      response.destroy();
      if (redirects >= 10) throw failed("The target redirects again and again");
      const next = URL.parse(headers.location ?? "", at);
      if (!next || !/^https?:$/.test(next.protocol)) throw failed("The target redirects to no address");
      at = next;
    }
  }

  /** The answer's head and its body as it comes, for who follows something. Throws as `get` does. */
  async open(url: string, asked: GetOptions): Promise<IncomingMessage> {
    const response = await this.#send(new URL(url), true, asked);
    if (response.statusCode === 200) return response;
    await readAnswer(response, asked);
    throw failed(`HTTP status ${response.statusCode}`);
  }

  /** What proves who asks goes to the address that was declared only. */
  #send(url: URL, isDeclared: boolean, { headers, signal }: GetOptions): Promise<IncomingMessage> {
    const secure = url.protocol === "https:";
    const own = isDeclared ? this.options.headers : {};
    const given = { ...headers, ...own } as Record<string, string | string[]>;
    return new Promise((resolve, reject) => {
      const sent = (secure ? httpsRequest : httpRequest)(url, {
        agent: secure ? this.#https : this.#http,
        headers: given,
        signal,
      });
      sent.once("response", resolve);
      sent.once("error", (error) => reject(signal.aborted ? signal.reason : failed(error.message, error)));
      sent.end();
    });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

export interface GetOptions {
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Bytes, decompressed. */
  largest: number;
}

export interface Answer {
  bytes: Uint8Array;
  contentType: string;
}

const unzip = promisify(gunzip);

async function readAnswer(response: IncomingMessage, { signal, largest }: GetOptions): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > largest) throw tooLarge(largest);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof HavnError ? error : failed((error as Error).message, error);
  }
  if (response.statusCode !== 200)
    throw failed(`HTTP status ${response.statusCode} ${response.statusMessage ?? ""}`.trim());
  const whole = Buffer.concat(chunks);
  const contentType = response.headers["content-type"] ?? "";
  if (response.headers["content-encoding"] !== "gzip") return { bytes: whole, contentType };
  try {
    return { bytes: await unzip(whole, { maxOutputLength: largest }), contentType };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(largest);
    throw failed("the answer is no gzip", cause);
  }
}

const tooLarge = (largest: number) => failed(`the answer is larger than the limit of ${largest} bytes`);

const failed = (what: string, cause?: unknown) =>
  new HavnError(what, { status: 502, retryable: true, cause });

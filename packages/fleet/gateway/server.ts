import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { HavnError } from "@havn/model";
import { type WebSocket, WebSocketServer } from "ws";
import { type CertificateAuthority, hostUri } from "../ca/ca.ts";
import { enrolmentRequest, maximumFrameBytes } from "../protocol/index.ts";

export interface GatewayListener extends AsyncDisposable {
  /** Listens on `address` too, on the port of the first call (`port` 0 there: any free one). Idempotent. */
  listen(options: { port: number; address: string }): Promise<number>;
  readonly port: number | undefined;
  readonly addresses: readonly string[];
}

const maximumBodyBytes = 32 * 1024;
const renewBeforeMs = 30 * 86_400_000;

/**
 * The one door for agents: `POST /agent/enrol` without a client certificate, `/agent/v1` (WebSocket) only with one of
 * ours. Anything else is 404.
 */
export function createGatewayListener(options: {
  ca: CertificateAuthority;
  enrol(request: { host: string; token: string; request: string }): Promise<string>;
  /** Host of a certificate that is known and not revoked. */
  findCertificateHost(serial: string): Promise<string | undefined>;
  connected(socket: WebSocket, peer: { host: string; serial: string; localAddress: string }): void;
}): GatewayListener {
  const servers = new Map<string, Server>();
  const names = new Set(["localhost", "127.0.0.1"]);
  // Agents send batches that are compressed already.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maximumFrameBytes,
    perMessageDeflate: false,
  });
  let identity: { certificate: string; key: string; notAfter: number } | undefined;
  let chosenPort: number | undefined;
  // One at a time: two addresses that are added at once must both be in the certificate.
  let queue: Promise<unknown> = Promise.resolve();

  const secureContext = () => ({
    cert: identity?.certificate,
    key: identity?.key,
    ca: options.ca.certificate,
  });

  async function issueIdentity() {
    identity = await options.ca.issueServer([...names]);
    for (const server of servers.values()) server.setSecureContext(secureContext());
  }

  const renewal = setInterval(() => {
    // A failure is tried again in an hour, of the many that are left.
    if (identity && identity.notAfter - Date.now() < renewBeforeMs) issueIdentity().catch(() => {});
  }, 3_600_000).unref();

  async function addListener(port: number, address: string): Promise<number> {
    if (servers.has(address) && chosenPort !== undefined) return chosenPort;
    if (!identity || !names.has(address)) {
      names.add(address);
      await issueIdentity();
    }
    const server = createServer({
      ...secureContext(),
      minVersion: "TLSv1.3",
      requestCert: true,
      // Enrolment has no certificate yet; /agent/v1 checks for itself.
      rejectUnauthorized: false,
      headersTimeout: 10_000,
      requestTimeout: 15_000,
    });
    server.on("request", (request, response) => void answer(request, response));
    server.on("upgrade", (request, socket, head) => void upgrade(request, socket, head));
    server.on("tlsClientError", (_, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) =>
        reject(
          new HavnError(`Port ${chosenPort ?? port} on ${address}, for agents, ${whyNot(cause)}`, {
            detail: "Give another port with --port (agents use the one after it), or free this one.",
            status: 503,
            cause,
          }),
        ),
      );
      server.listen({ port: chosenPort ?? port, host: address }, resolve);
    });
    chosenPort ??= (server.address() as AddressInfo).port;
    servers.set(address, server);
    return chosenPort;
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const reply = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify(body));
    };
    try {
      if (request.method !== "POST" || request.url !== "/agent/enrol")
        throw new HavnError("There is nothing here but enrolment and /agent/v1", { status: 404 });
      const parsed = enrolmentRequest.safeParse(await readJson(request));
      if (!parsed.success) throw new HavnError("The enrolment request is malformed", { status: 400 });
      reply(200, { certificate: await options.enrol(parsed.data) });
    } catch (error) {
      const known =
        error instanceof HavnError
          ? error
          : new HavnError("Enrolment failed inside the control plane", { status: 503, retryable: true });
      const { message: summary, detail, retryable, status } = known;
      reply(status, { error: { summary, detail, retryable, diagnostics: [] } });
    }
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    const refuse = (status: string, reason: string) => {
      socket.on("error", () => socket.destroy());
      socket.end(
        `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${reason.length}\r\n\r\n${reason}`,
      );
    };
    const tls = request.socket as TLSSocket;
    if (request.url !== "/agent/v1") return refuse("404 Not Found", "no such path");
    const certificate = tls.authorized ? tls.getPeerX509Certificate() : undefined;
    if (!certificate)
      return refuse("401 Unauthorized", "a client certificate of this control plane is needed");
    let host: string | undefined;
    try {
      host = await options.findCertificateHost(certificate.serialNumber);
    } catch {
      return refuse("503 Service Unavailable", "the control plane cannot check certificates now");
    }
    if (!host || certificate.subjectAltName !== `URI:${hostUri(host)}`)
      return refuse("401 Unauthorized", "this certificate was revoked");
    const peer = { host, serial: certificate.serialNumber, localAddress: tls.localAddress ?? "" };
    sockets.handleUpgrade(request, socket, head, (webSocket) => options.connected(webSocket, peer));
  }

  return {
    get port() {
      return chosenPort;
    },
    get addresses() {
      return [...servers.keys()];
    },
    listen({ port, address }) {
      const next = queue.then(() => addListener(port, address));
      queue = next.catch(() => {});
      return next;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await queue;
      const closed = [...servers.values()].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const server of servers.values()) server.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBodyBytes) throw new HavnError("The enrolment request is too large", { status: 413 });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new HavnError("The enrolment request is no JSON", { status: 400, cause });
  }
}

const whyNot = ({ code }: NodeJS.ErrnoException) =>
  code === "EADDRINUSE" ? "is taken" : `cannot be listened on (${code})`;

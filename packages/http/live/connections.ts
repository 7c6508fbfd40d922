import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { HavnError } from "@havn/model";
import { type WebSocket, WebSocketServer } from "ws";
import type { AccessGate, Credentials, Identity } from "../access.ts";
import { problemOf } from "../problems.ts";
import { readCookies, requireAllowedHost } from "../security.ts";
import type { Logger } from "../server.ts";
import type { LiveHub } from "./hub.ts";

export interface LiveOptions {
  hub: LiveHub;
  access: AccessGate;
  logger: Logger;
  allowedHosts: readonly string[];
}

export interface LiveConnections {
  /** Takes no more, and says goodbye to those there are. */
  close(): void;
  closed(): Promise<void>;
}

export const livePath = "/api/v1/live";

/** Connections of one identity at a time: a page needs one, and somebody has many tabs open. */
const maximumConnections = 50;

/** A connection that did not answer the last ping is dead; one whose identity has ended is closed. */
const heartbeatMs = 20_000;
const goodbyeMs = 1000;

/** Serves the one WebSocket on the server's upgrade requests. */
export function attachLive(server: Server, options: LiveOptions): LiveConnections {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * 1024, clientTracking: true });
  let closing = false;
  const open = new Map<string, number>();
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    admit(request, options, closing)
      .then(({ identity, credentials }) =>
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const count = open.get(identity.id) ?? 0;
          if (count >= maximumConnections)
            return webSocket.close(4429, `${maximumConnections} connections of one identity are the most`);
          open.set(identity.id, count + 1);
          webSocket.on("close", () => {
            const left = (open.get(identity.id) ?? 1) - 1;
            if (left > 0) open.set(identity.id, left);
            else open.delete(identity.id);
          });
          serve(webSocket, identity, credentials, options);
        }),
      )
      .catch((cause) => refuse(socket, cause));
  };
  server.on("upgrade", onUpgrade);
  return {
    close() {
      closing = true;
      for (const webSocket of sockets.clients) webSocket.close(1001, "the server is closing");
      setTimeout(() => {
        for (const webSocket of sockets.clients) webSocket.terminate();
      }, goodbyeMs).unref();
    },
    async closed() {
      server.off("upgrade", onUpgrade);
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}

async function admit(request: IncomingMessage, { access, allowedHosts }: LiveOptions, closing: boolean) {
  if (closing) throw new HavnError("The server is closing", { status: 503, retryable: true });
  if (request.url?.split("?")[0] !== livePath)
    throw new HavnError("No WebSocket is served there", { status: 404, detail: `Use ${livePath}.` });
  const credentials: Credentials = {
    authorization: request.headers.authorization,
    cookies: readCookies(request.headers.cookie),
    remoteAddress: request.socket.remoteAddress ?? "",
  };
  const identity = await access.authenticate(credentials);
  if (!identity) throw new HavnError("Nobody is signed in", { status: 401, detail: "Open a sign-in link." });
  if (identity.via === "session") {
    requireAllowedHost(request.headers.host, allowedHosts);
    // Browsers send cookies with WebSockets from any page, but they cannot forge Origin.
    if (!sameOrigin(request.headers.origin, request.headers.host))
      throw new HavnError("The connection comes from another site", { status: 403 });
  }
  return { identity, credentials };
}

function sameOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (!origin || !host || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}

function refuse(socket: Duplex, cause: unknown): void {
  const { status, body } = problemOf(cause);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function serve(
  webSocket: WebSocket,
  identity: Identity,
  credentials: Credentials,
  options: LiveOptions,
): void {
  const { hub, access, logger } = options;
  const subscriber = hub.accept(webSocket, identity, (who, action, resource) =>
    access.decide(who, action, resource),
  );
  let alive = true;
  const beat = setInterval(() => {
    if (!alive) return webSocket.terminate();
    alive = false;
    webSocket.ping();
    access
      .authenticate(credentials)
      .then((now) => now ?? subscriber.close(4401, "signed out"))
      .catch((cause) => {
        // Nobody could be asked: that says nothing about who they are. The next beat asks again.
        if (cause instanceof HavnError && cause.status === 401) subscriber.close(4401, "signed out");
      });
  }, heartbeatMs);
  webSocket.on("pong", () => {
    alive = true;
  });
  webSocket.on("message", (data, binary) => {
    if (binary) subscriber.close(1003, "send text");
    else subscriber.receive(String(data));
  });
  webSocket.on("error", (cause) => logger.warn("a live connection failed", { cause }));
  webSocket.on("close", () => {
    clearInterval(beat);
    subscriber.ended();
  });
}

import type { Server } from "node:http";
import { HavnError } from "@havn/model";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type InjectOptions,
  type LightMyRequestResponse,
} from "fastify";
import type { AccessGate } from "./access.ts";
import { healthRoutes, type Parts } from "./health.ts";
import { attachLive, type LiveConnections } from "./live/connections.ts";
import { createLive, type LiveHub } from "./live/hub.ts";
import { openapiRoute } from "./openapi.ts";
import { problemOf } from "./problems.ts";
import { registerRoute } from "./register.ts";
import type { Route } from "./route.ts";
import { securityHeaders } from "./security.ts";

/** Where failures go that callers are not told about. Fields must not hold secrets. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface HttpServerOptions {
  routes: readonly Route[];
  access: AccessGate;
  /** From `createLive()`. */
  live?: LiveHub;
  /** Bytes; 4 MiB unless given. */
  bodyLimit?: number;
  logger?: Logger;
  /** What /readyz asks, by name. */
  parts?: Parts;
  /** Names besides loopback and IP addresses under which people reach this server with a browser. */
  allowedHosts?: readonly string[];
  version?: string;
  /** How long requests under way may take once `close` was called. Milliseconds, 5,000 unless given. */
  closeGraceMs?: number;
  /** How long what is left of a body that is too large is read, and thrown away. Milliseconds, 60,000 unless given. */
  leftoverMs?: number;
}

export interface HttpServer extends AsyncDisposable {
  /** Port 0 takes a free one. */
  listen(options: { port: number; address?: string }): Promise<{ port: number; url: string }>;
  /** Every route, the kit's own included. */
  readonly routes: readonly Route[];
  /** `METHOD path` of everything that answers, also of what was added around the kit. */
  readonly registered: ReadonlySet<string>;
  readonly liveTopics: LiveHub["topics"];
  /** A request without a socket, for tests. */
  inject(request: {
    method: string;
    url: string;
    headers?: Record<string, string>;
    payload?: string | Buffer;
  }): Promise<LightMyRequestResponse>;
  /** The Node server below, once listening. */
  readonly node: Server;
  /** Takes no new requests, lets those under way end, then ends the rest. */
  close(): Promise<void>;
}

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const logger = options.logger ?? stderrLogger;
  const bodyLimit = options.bodyLimit ?? 4 * 1024 * 1024;
  const closing = new AbortController();
  const fastify = Fastify({
    logger: false,
    bodyLimit,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    // Long enough for base64 digests and file addresses in a path.
    routerOptions: { maxParamLength: 1024 },
    // What fails before any route is found, such as an address that is not encoded.
    frameworkErrors: (cause, _request, reply: FastifyReply) => {
      const { status, body } = problemOf(cause);
      void reply.headers(securityHeaders).status(status).send(body);
    },
  });
  const registered = collectRoutes(fastify);
  const hub = options.live ?? createLive();
  const routes: Route[] = [...options.routes, ...healthRoutes(options.parts ?? {})];
  routes.push(openapiRoute(routes, options.version ?? "0.1.0"));

  fastify.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders);
    // Before the body is looked at: whoever asks for nothing learns nothing else.
    if (request.is404) throw unknownRoute(request);
  });
  answerFailures(fastify, logger);
  for (const route of routes)
    await registerRoute(fastify, route, {
      access: options.access,
      logger,
      allowedHosts: options.allowedHosts ?? [],
      closing: closing.signal,
      bodyLimit,
      leftoverMs: options.leftoverMs ?? 60_000,
    });
  const live = attachLive(fastify.server, {
    hub,
    access: options.access,
    logger,
    allowedHosts: options.allowedHosts ?? [],
  });
  await fastify.ready();

  const close = closeOnce({ fastify, live, closing, graceMs: options.closeGraceMs ?? 5000 });
  return {
    routes,
    registered,
    liveTopics: () => hub.topics(),
    node: fastify.server,
    inject: (request) => fastify.inject(request as InjectOptions),
    async listen({ port, address = "127.0.0.1" }) {
      await listen(fastify, port, address);
      const bound = fastify.server.address();
      const boundPort = typeof bound === "object" && bound ? bound.port : port;
      const shown = address.includes(":") ? `[${address}]` : address;
      return { port: boundPort, url: `http://${shown}:${boundPort}` };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(fastify: FastifyInstance, port: number, address: string): Promise<void> {
  try {
    await fastify.listen({ port, host: address });
  } catch (cause) {
    if ((cause as { code?: string }).code === "EADDRINUSE")
      throw new HavnError(`Port ${port} on ${address} is taken`, {
        detail: "Stop what listens there, or choose another port with --port N (HAVN_PORT).",
        cause,
      });
    throw cause;
  }
}

function collectRoutes(fastify: FastifyInstance): Set<string> {
  const registered = new Set<string>();
  fastify.addHook("onRoute", ({ method, url }) => {
    for (const each of [method].flat()) if (each !== "HEAD") registered.add(`${each} ${url}`);
  });
  return registered;
}

const unknownRoute = (request: FastifyRequest) =>
  new HavnError(`Nothing answers ${request.method} ${request.url.split("?")[0]}`, {
    status: 404,
    detail: "GET /api/v1/openapi.json lists what there is.",
  });

function answerFailures(fastify: FastifyInstance, logger: Logger): void {
  fastify.setErrorHandler(async (cause, request, reply) => {
    const { status, body } = problemOf(cause);
    if (status >= 500 && !(cause instanceof HavnError))
      logger.error("request failed", { method: request.method, route: request.routeOptions.url, cause });
    return reply.status(status).send(body);
  });
}

function closeOnce(parts: {
  fastify: FastifyInstance;
  live: LiveConnections;
  closing: AbortController;
  graceMs: number;
}): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const close = async () => {
    parts.live.close();
    const timer = setTimeout(() => {
      parts.closing.abort();
      parts.fastify.server.closeAllConnections();
    }, parts.graceMs);
    await parts.fastify.close();
    clearTimeout(timer);
    await parts.live.closed();
  };
  return () => (closed ??= close());
}

const stderrLogger: Logger = {
  info: (message, fields) => writeLine("info", message, fields),
  warn: (message, fields) => writeLine("warn", message, fields),
  error: (message, fields) => writeLine("error", message, fields),
};

function writeLine(severity: string, message: string, fields: Record<string, unknown> = {}): void {
  const { cause, ...rest } = fields;
  const error = cause instanceof Error ? (cause.stack ?? cause.message) : cause;
  process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), severity, message, ...rest, ...(error === undefined ? {} : { error }) })}\n`,
  );
}

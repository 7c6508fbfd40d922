import { PassThrough, type Readable } from "node:stream";
import { HavnError } from "@havn/model";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { AccessGate, AuditEntry, Identity } from "./access.ts";
import { declarationFault } from "./guard.ts";
import { asHavnError, parseInput, problemOf, tooLarge } from "./problems.ts";
import { isChange, isPublic, RawResponse, type Route, type RouteContext } from "./route.ts";
import { readCookies, requireAllowedHost, requireCsrf } from "./security.ts";
import type { Logger } from "./server.ts";

export interface RegisterOptions {
  access: AccessGate;
  logger: Logger;
  allowedHosts: readonly string[];
  closing: AbortSignal;
  bodyLimit: number;
  /** How long what is left of a body that is too large is read. Milliseconds. */
  leftoverMs: number;
}

/** What is known of a request before its body is read. */
interface Admitted {
  identity: Identity | undefined;
  params: unknown;
  query: unknown;
}

/** Adds a route in the order that keeps it safe: who, what it is about, whether, and only then the body. */
export async function registerRoute(fastify: FastifyInstance, route: Route, options: RegisterOptions) {
  const fault = declarationFault(route);
  if (fault) throw new TypeError(`${route.method} ${route.path} ${fault}`);
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  await fastify.register(async (scope) => {
    takeBodies(scope, route);
    scope.setErrorHandler((cause, request, reply) => fail(route, cause, request, reply, options));
    scope.route({
      method: route.method as HTTPMethods,
      url: route.path,
      bodyLimit: route.bodyLimit ?? options.bodyLimit,
      exposeHeadRoute: route.method === "GET",
      onRequest: async (request) => {
        admitted.set(request, await admit(route, request, options));
      },
      handler: async (request, reply) => {
        const entry = admitted.get(request);
        if (!entry) throw new Error("the request was not admitted");
        return answer(route, entry, request, reply, options);
      },
    });
  });
}

function takeBodies(scope: FastifyInstance, route: Route): void {
  if (route.consumes === "form") {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      (_request, body, done) => done(null, formFields(String(body))),
    );
  } else if (route.consumes === "stream") {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  } else scope.removeContentTypeParser("text/plain");
}

function formFields(text: string): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null);
  const parsed = new URLSearchParams(text);
  for (const name of new Set(parsed.keys())) {
    const values = parsed.getAll(name);
    fields[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return { ...fields };
}

async function admit(route: Route, request: FastifyRequest, options: RegisterOptions): Promise<Admitted> {
  const identity = await identify(route, request, options);
  const params = route.params ? parseInput(route.params, request.params, "params") : {};
  let query: unknown = {};
  let mistaken: unknown;
  try {
    if (route.query) query = parseInput(route.query, request.query, "query");
  } catch (error) {
    mistaken = error;
  }
  if (!isPublic(route.access) && identity) {
    const { action } = route.access;
    const known = mistaken === undefined ? route.access.resource?.({ params, query }) : undefined;
    const resource = known ?? pathOf(request);
    if (!(await options.access.decide(identity, action, resource))) {
      // Refused reads are many where a page asks for what a viewer may not see; those of what few may read are not.
      if (isChange(route) || !action.endsWith(":read"))
        await options.access.audit(auditEntry(identity, request, { action, resource, outcome: "denied" }));
      throw new HavnError(`Your role (${identity.role}) may not do ${action}`, {
        status: 403,
        detail: "Ask an administrator for a token or a sign-in link with a role that may.",
      });
    }
  }
  // Told to who may: others need not know what it should have been.
  if (mistaken !== undefined) throw mistaken;
  return { identity, params, query };
}

async function identify(
  route: Route,
  request: FastifyRequest,
  { access, allowedHosts }: RegisterOptions,
): Promise<Identity | undefined> {
  if (isPublic(route.access)) {
    // A public change makes a session, so it is held to the same host names as a session.
    if (isChange(route)) requireAllowedHost(request.headers.host, allowedHosts);
    return undefined;
  }
  const identity = await access.authenticate({
    authorization: request.headers.authorization,
    cookies: readCookies(request.headers.cookie),
    remoteAddress: request.ip,
  });
  if (!identity)
    throw new HavnError("Nobody is signed in", {
      status: 401,
      detail: "Send the header authorization: Bearer <token>, or open a sign-in link in the browser.",
    });
  if (identity.via === "session") {
    requireAllowedHost(request.headers.host, allowedHosts);
    if (isChange(route)) requireCsrf(identity, request.headers["x-havn-csrf"]);
  }
  return identity;
}

async function answer(
  route: Route,
  { identity, params, query }: Admitted,
  request: FastifyRequest,
  reply: FastifyReply,
  options: RegisterOptions,
): Promise<FastifyReply> {
  const gone = abortWhenGone(request, reply, options.closing);
  const streamed = route.consumes === "stream";
  const body = route.body && !streamed ? parseInput(route.body, request.body, "body") : undefined;
  const context: RouteContext = {
    params,
    query,
    body,
    identity,
    signal: gone,
    raw: streamed ? limited(request, route.bodyLimit ?? options.bodyLimit) : request.raw,
    headers: request.headers,
    remoteAddress: request.ip,
    protocol: request.protocol,
    host: request.headers.host ?? "",
    reply: {
      header: (name, value) => void reply.header(name, value),
      status: (code) => void reply.status(code),
    },
  };
  reply.status(route.status ?? 200);
  const value = await audited(route, context, request, options);
  if (value instanceof RawResponse) {
    if (value.status !== undefined) reply.status(value.status);
    return reply.headers({ ...value.headers }).send(value.body);
  }
  if (reply.statusCode === 204) return reply.send();
  const parsed = route.response.safeParse(value);
  if (!parsed.success)
    throw new Error(`${route.method} ${route.path} answered what its schema does not allow`, {
      cause: parsed.error,
    });
  return reply
    .header("cache-control", reply.getHeader("cache-control") ?? "no-store")
    .type("application/json; charset=utf-8")
    .send(JSON.stringify(parsed.data));
}

/** Runs the handler; a change stands in the audit log before it starts, and once more if it fails. */
async function audited(
  route: Route,
  context: RouteContext,
  request: FastifyRequest,
  { access }: RegisterOptions,
): Promise<unknown> {
  const { identity, params, query, body } = context;
  if (!isChange(route) || isPublic(route.access) || !identity) return route.handle(context);
  const { action } = route.access;
  const resource =
    route.access.subject?.({ params, query, body }) ??
    route.access.resource?.({ params, query }) ??
    pathOf(request);
  await access.audit(auditEntry(identity, request, { action, resource, outcome: "allowed" }));
  try {
    return await route.handle(context);
  } catch (cause) {
    await access.audit(auditEntry(identity, request, { action, resource, outcome: "failed" }));
    throw cause;
  }
}

function auditEntry(
  identity: Identity,
  request: FastifyRequest,
  about: Pick<AuditEntry, "action" | "resource" | "outcome">,
): AuditEntry {
  return {
    actor: identity.actor,
    identity: identity.id,
    role: identity.role,
    method: request.method,
    path: pathOf(request),
    remoteAddress: request.ip,
    ...about,
  };
}

const pathOf = (request: FastifyRequest): string => request.url.split("?")[0] ?? "";

/** One signal with listeners that are taken off again: `AbortSignal.any` costs a small answer more than its headers do. */
function abortWhenGone(request: FastifyRequest, reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const close = () => gone.abort(closing.reason);
  closing.addEventListener("abort", close, { once: true });
  reply.raw.once("close", () => {
    closing.removeEventListener("abort", close);
    if (!reply.raw.writableFinished) gone.abort(new Error("the caller went away"));
  });
  if (closing.aborted) close();
  if (request.raw.destroyed) gone.abort(new Error("the caller went away"));
  return gone.signal;
}

/** The body as a stream that breaks off with a 413 once it has grown past `limit` bytes. */
function limited(request: FastifyRequest, limit: number): Readable {
  const length = Number(request.headers["content-length"] ?? 0);
  if (length > limit) throw tooLarge(limit);
  let seen = 0;
  const source = request.raw;
  const counted = new PassThrough();
  source.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen > limit) counted.destroy(tooLarge(limit));
  });
  source.on("error", (cause) => counted.destroy(cause));
  source.on("aborted", () => counted.destroy(new HavnError("The upload was cut off", { status: 400 })));
  // A handler that does not read to the end, or has not begun, must not crash the process with the error above.
  counted.on("error", () => source.unpipe(counted));
  return source.pipe(counted);
}

async function fail(
  route: Route,
  cause: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { logger, leftoverMs }: RegisterOptions,
): Promise<FastifyReply> {
  const error = asHavnError(cause);
  if (error.status >= 500 && error.cause !== undefined)
    logger.error(error.message, { method: request.method, route: route.path, cause: error.cause });
  // Closing at once, also where the caller asked for it, would reset the connection while the caller still sends, and
  // take the answer from it: what is left of the body is read and thrown away.
  if (error.status === 413) {
    reply.removeHeader("connection");
    reply.raw.shouldKeepAlive = true;
    // Who never ends is not listened to for ever.
    reply.raw.once("finish", () => {
      if (request.raw.complete) return;
      const left = setTimeout(() => request.raw.destroy(), leftoverMs).unref();
      request.raw.once("close", () => clearTimeout(left));
    });
  }
  if (error.retryAfter !== undefined) reply.header("retry-after", String(error.retryAfter));
  const { status, body } = route.onError?.(error) ?? problemOf(error);
  return reply.status(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
}

import type { Readable } from "node:stream";
import type { HavnError } from "@havn/model";
import type { z } from "zod";
import type { Identity } from "./access.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type NoFields = z.ZodObject<Record<never, never>>;

/** What a guarded route needs. Decided before the body is read, so a resource comes from the path and query. */
export interface GuardedAccess<P, Q, B> {
  /** `noun:verb`, for example "plan:create". */
  action: string;
  /** What it is done to, for the decision and the audit log; the path when left out. */
  resource?(input: { params: P; query: Q }): string;
  /** A closer name for the audit log, once the body is known. */
  subject?(input: { params: P; query: Q; body: B }): string;
}

/** Answers anyone; the text says why that is right. */
export interface PublicAccess {
  public: string;
}

export interface RouteContext<P = unknown, Q = unknown, B = unknown, I = Identity | undefined> {
  params: P;
  query: Q;
  body: B;
  identity: I;
  /** Aborts when the caller goes away or the server gives up waiting while it closes. */
  signal: AbortSignal;
  /** The body as it arrives; only on routes with `consumes: "stream"`. Destroyed with an error above `bodyLimit`. */
  raw: Readable;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  remoteAddress: string;
  /** "http" or "https", as the caller sees it. */
  protocol: string;
  /** The Host header, for example "127.0.0.1:4600". */
  host: string;
  reply: {
    header(name: string, value: string): void;
    /** Instead of the route's own status. */
    status(code: number): void;
  };
}

/** An answer that is no JSON: files, text, streams. It passes no schema. */
export class RawResponse {
  readonly body: string | Uint8Array | Readable;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number | undefined;
  constructor(body: string | Uint8Array | Readable, headers: Record<string, string>, status?: number) {
    this.body = body;
    this.headers = headers;
    this.status = status;
  }
}

/** Where a protocol has its own form of failure: given the failure as Havn would tell it, never an inner cause. */
export type ErrorMapper = (error: HavnError) => { status: number; body: unknown };

interface RouteOptions<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  method: Method;
  /** With `:name` parameters; `*` at the end takes the rest. */
  path: string;
  summary: string;
  params?: P;
  /** Values arrive as text (repeated ones as arrays): use `z.coerce` for numbers. */
  query?: Q;
  body?: B;
  /** What is sent: parsed before it leaves, so what the schema does not name is not told. */
  response: R;
  /** 200 unless given. 204 sends no body. */
  status?: number;
  /** A POST that changes nothing (a query too long for a URL): no audit entry, no CSRF token. */
  reads?: boolean;
  /** `json` unless given. `form`: urlencoded fields (repeated ones as arrays). `stream`: `raw` is the body. */
  consumes?: "json" | "form" | "stream";
  /** Bytes; the server's limit unless given. */
  bodyLimit?: number;
  onError?: ErrorMapper;
}

type Answer<R extends z.ZodType> = z.input<R> | RawResponse | Promise<z.input<R> | RawResponse>;

export interface GuardedRouteOptions<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
> extends RouteOptions<P, Q, B, R> {
  access: GuardedAccess<z.output<P>, z.output<Q>, z.output<B>>;
  handle(context: RouteContext<z.output<P>, z.output<Q>, z.output<B>, Identity>): Answer<R>;
}

export interface PublicRouteOptions<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
> extends RouteOptions<P, Q, B, R> {
  access: PublicAccess;
  handle(context: RouteContext<z.output<P>, z.output<Q>, z.output<B>, Identity | undefined>): Answer<R>;
}

/** A route as the server sees it, whatever its schemas. */
export interface Route extends RouteOptions<z.ZodType, z.ZodType, z.ZodType, z.ZodType> {
  access: GuardedAccess<unknown, unknown, unknown> | PublicAccess;
  handle(context: RouteContext): unknown;
}

/** One route of the API: who may, what comes in, what goes out, what is done. Types follow from the schemas. */
export function defineRoute<
  P extends z.ZodType = NoFields,
  Q extends z.ZodType = NoFields,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodType,
>(route: GuardedRouteOptions<P, Q, B, R>): Route;
export function defineRoute<
  P extends z.ZodType = NoFields,
  Q extends z.ZodType = NoFields,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodType,
>(route: PublicRouteOptions<P, Q, B, R>): Route;
export function defineRoute(route: unknown): Route {
  return route as Route;
}

export const isPublic = (access: Route["access"]): access is PublicAccess => "public" in access;

/** Whether it changes something, and so is audited and needs a CSRF token from a session. */
export const isChange = (route: Route): boolean => route.method !== "GET" && route.reads !== true;

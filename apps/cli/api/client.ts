import { HavnError, problemSchema } from "@havn/model";
import { z } from "zod";
import { readRecords } from "./records.ts";
import { queryError } from "./schemas.ts";

export interface ApiTarget {
  /** Without a slash at the end. */
  url: string;
  token: string;
  /** What to do when nothing answers there. */
  whenAway: string;
}

export interface RequestOptions {
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
  /** In place of `body`: bytes as they are. */
  upload?: { type: string; content: Blob | ReadableStream };
  signal?: AbortSignal;
}

/** The control plane's HTTP API with answers checked against their schemas. */
export interface Api {
  readonly target: ApiTarget;
  get<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  post<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  put<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  patch<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  delete(path: string, options?: RequestOptions): Promise<void>;
  /**
   * The lines of an answer as they come, some of them with `bytesAfter` so many bytes behind them; who stops reading
   * hangs up.
   */
  lines<T>(
    path: string,
    schema: z.ZodType<T>,
    options: RequestOptions & { bytesAfter(value: T): number },
  ): AsyncGenerator<{ value: T; bytes: Uint8Array }>;
}

export function createApi(target: ApiTarget): Api {
  const call = <T>(
    method: string,
    schema: z.ZodType<T>,
    path: string,
    options: RequestOptions = {},
  ): Promise<T> => request({ target, method, path, schema, ...options });
  return {
    target,
    get: (path, schema, options) => call("GET", schema, path, options),
    post: (path, schema, options) => call("POST", schema, path, options),
    put: (path, schema, options) => call("PUT", schema, path, options),
    patch: (path, schema, options) => call("PATCH", schema, path, options),
    lines: (path, schema, options) => lines({ target, method: "POST", path, schema, ...options }),
    delete: async (path, options) => void (await call("DELETE", z.unknown(), path, options)),
  };
}

interface Request<T> extends RequestOptions {
  target: ApiTarget;
  method: string;
  path: string;
  schema: z.ZodType<T>;
}

async function request<T>(options: Request<T>): Promise<T> {
  const { target, method, path, schema } = options;
  const what = `${method} ${path}`;
  const response = await send(options);
  const text = await response.text();
  const value = parseJson(text);
  if (!response.ok) throw problem(what, response.status, value, target);
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new HavnError(
      `${target.url} gave an answer to ${what} that this command line does not understand`,
      {
        detail: `${z.prettifyError(parsed.error)}\nIs the server of another version? \`havn server status\` tells.`,
        cause: parsed.error,
      },
    );
  return parsed.data;
}

async function* lines<T>(
  options: Request<T> & { bytesAfter(value: T): number },
): AsyncGenerator<{ value: T; bytes: Uint8Array }> {
  const { target, method, path, schema, bytesAfter } = options;
  const what = `${method} ${path}`;
  const response = await send(options);
  if (!response.ok || !response.body)
    throw problem(what, response.status, parseJson(await response.text()), target);
  const records = readRecords(response.body);
  const brokenOff = (why: string, cause?: unknown) =>
    new HavnError(`The answer to ${what} broke off`, {
      ...{ detail: `${why}. ${target.whenAway}`, status: 503, retryable: true },
      ...(cause !== undefined && { cause }),
    });
  try {
    for (;;) {
      const line = await records.line();
      if (line === undefined) return;
      const parsed = schema.safeParse(parseJson(line));
      // A newer server may say more.
      if (!parsed.success) continue;
      const bytes = await records.take(bytesAfter(parsed.data));
      if (!bytes) throw brokenOff("It ended in the middle");
      yield { value: parsed.data, bytes };
    }
  } catch (cause) {
    if (options.signal?.aborted || cause instanceof HavnError) throw cause;
    throw brokenOff(reason(cause), cause);
  } finally {
    await records.close();
  }
}

async function send<T>({ target, method, path, query, body, upload, signal }: Request<T>): Promise<Response> {
  const url = new URL(target.url + path);
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const headers: Record<string, string> = { authorization: `Bearer ${target.token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (upload) headers["content-type"] = upload.type;
  try {
    return await fetch(url, {
      method,
      headers,
      body: upload ? upload.content : body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      redirect: "error",
      // A body that is a stream; told of by the standard, not yet by every type of `fetch`.
      ...{ duplex: "half" },
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new HavnError(`Havn does not answer at ${target.url}`, {
      detail: `${reason(cause)}. ${target.whenAway}`,
      status: 503,
      retryable: true,
      cause,
    });
  }
}

function reason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (inner as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "Nothing listens there";
  if (code === "ENOTFOUND") return "There is no computer by that name";
  return inner instanceof Error && inner.message !== "" ? inner.message : (code ?? String(inner));
}

function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problem(what: string, status: number, value: unknown, target: ApiTarget): HavnError {
  const query = queryError.safeParse(value);
  if (query.success) return new HavnError(query.data.error, { detail: `(${query.data.errorType})`, status });
  const parsed = problemSchema.safeParse(value);
  if (!parsed.success)
    return new HavnError(`${target.url} answered ${status} to ${what}`, {
      detail: "The answer is not Havn's. Is another program listening there? Choose another --port.",
      status,
      retryable: status >= 502,
    });
  const { summary, detail, retryable, diagnostics } = parsed.data.error;
  return new HavnError(summary, { detail, retryable, diagnostics, status });
}

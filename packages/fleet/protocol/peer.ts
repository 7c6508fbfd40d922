import { HavnError } from "@havn/model";
import type { WebSocket } from "ws";
import { z } from "zod";
import {
  decodeBinaryFrame,
  decodeTextFrame,
  encodeBinaryFrame,
  type Frame,
  type NotificationFrame,
  type RequestFrame,
  type ResponseFrame,
} from "./frames.ts";

export type MethodTable = Record<string, { params: z.ZodType; result: z.ZodType }>;

export interface CallContext {
  /** Bytes that came with a binary request; empty for a text one. */
  bytes: Uint8Array;
  /** Aborts when the caller cancels (reason "cancelled") or the connection falls (reason "closed"). */
  signal: AbortSignal;
  /** Tells the caller how far the call is. */
  progress(value: unknown): void;
}

/** A result with bytes after it: answered by a binary frame. */
export class BinaryResult<T> {
  readonly result: T;
  readonly bytes: Uint8Array;
  constructor(result: T, bytes: Uint8Array) {
    this.result = result;
    this.bytes = bytes;
  }
}

export type Handlers<In extends MethodTable> = {
  [M in keyof In]: (
    params: z.output<In[M]["params"]>,
    context: CallContext,
  ) => Promise<z.input<In[M]["result"]> | BinaryResult<z.input<In[M]["result"]>>>;
};

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Default 60 s, at most `maximumCallMs`. */
  timeoutMs?: number | undefined;
  onProgress?: ((progress: unknown) => void) | undefined;
  /** Sent after the request, as a binary frame. */
  bytes?: Uint8Array | undefined;
}

export interface Peer<Out extends MethodTable> {
  /**
   * Asks the other side. Throws a HavnError: what the other side answered, or a retryable one when the connection
   * fell or the time ran out. Throws the signal's reason when `signal` aborts; the other side is told then.
   */
  call<M extends keyof Out & string>(
    method: M,
    params: z.input<Out[M]["params"]>,
    options?: CallOptions,
  ): Promise<{ result: z.output<Out[M]["result"]>; bytes: Uint8Array }>;
  close(reason: string): void;
}

/** No call may take longer, whatever its caller asks for. */
export const maximumCallMs = 24 * 60 * 60_000;
/** One frame's bound: a telemetry batch or an artifact chunk with room to spare. */
export const maximumFrameBytes = 16 * 1024 * 1024;
const maximumCallsAtOnce = 256;
const policyViolation = 1008;
const nothing = new Uint8Array(0);
const progressParams = z.object({ id: z.number().int(), value: z.unknown() });
const cancelParams = z.object({ id: z.number().int() });

interface PendingCall {
  settle(outcome: { error: Error } | { result: unknown; bytes: Uint8Array }): void;
  onProgress: ((progress: unknown) => void) | undefined;
}

/**
 * Two-way calls over one WebSocket. `name` is the other side, for people. A frame that is malformed closes this
 * connection with the reason and does nothing else; parameters that do not fit a method are answered with an error.
 */
export function createPeer<In extends MethodTable, Out extends MethodTable>(options: {
  socket: WebSocket;
  name: string;
  incoming: In;
  outgoing: Out;
  handlers: Handlers<In>;
}): Peer<Out> {
  const { socket, name, incoming, outgoing } = options;
  const pending = new Map<number, PendingCall>();
  const running = new Map<number, AbortController>();
  let nextId = 1;

  const send = (frame: Frame, bytes?: Uint8Array) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(bytes ? encodeBinaryFrame(frame, bytes) : JSON.stringify(frame), () => {
      // A frame that cannot be sent means that the connection falls; its close settles every call.
    });
  };

  const close = (reason: string) => socket.close(policyViolation, reason.slice(0, 100));

  async function answer(request: RequestFrame, bytes: Uint8Array) {
    const { id } = request;
    if (running.has(id)) return close(`request id ${id} is used twice`);
    const stop = new AbortController();
    running.set(id, stop);
    try {
      if (running.size > maximumCallsAtOnce)
        throw new HavnError("Too many calls at once", { retryable: true, status: 503 });
      const outcome = await handle(request, {
        bytes,
        signal: stop.signal,
        progress: (value) => send({ method: "progress", params: { id, value } }),
      });
      if (outcome instanceof BinaryResult) send({ id, result: outcome.result }, outcome.bytes);
      else send({ id, result: outcome });
    } catch (error) {
      send({ id, error: describeError(error) });
    } finally {
      running.delete(id);
    }
  }

  async function handle({ method, params }: RequestFrame, context: CallContext): Promise<unknown> {
    const definition = Object.hasOwn(incoming, method) ? incoming[method] : undefined;
    const handler = options.handlers[method];
    if (!definition || !handler) throw new HavnError(`Unknown method ${method}`, { status: 404 });
    const parsed = definition.params.safeParse(params);
    if (!parsed.success) throw unfit(`Parameters of ${method}`, parsed.error);
    return handler(parsed.data as z.output<In[string]["params"]>, context);
  }

  function receiveNotification({ method, params }: NotificationFrame) {
    // Notifications of a later version are ignored, so that either side may be newer.
    if (method === "progress") {
      const { id, value } = progressParams.parse(params);
      pending.get(id)?.onProgress?.(value);
    } else if (method === "cancel") {
      running.get(cancelParams.parse(params).id)?.abort("cancelled");
    }
  }

  function receiveResponse({ id, result, error }: ResponseFrame, bytes: Uint8Array) {
    // An answer may come after its caller gave up.
    pending
      .get(id)
      ?.settle(
        error
          ? { error: new HavnError(error.summary, { ...error, status: error.retryable ? 503 : 502 }) }
          : { result, bytes },
      );
  }

  socket.on("message", (data: Buffer, isBinary: boolean) => {
    try {
      const { frame, bytes } = isBinary
        ? decodeBinaryFrame(data)
        : { frame: decodeTextFrame(data.toString("utf8")), bytes: nothing };
      if (!("method" in frame)) receiveResponse(frame, bytes);
      else if ("id" in frame) void answer(frame, bytes);
      else receiveNotification(frame);
    } catch (error) {
      close(error instanceof TypeError ? error.message : "malformed frame");
    }
  });

  socket.on("close", () => {
    for (const controller of running.values()) controller.abort("closed");
    for (const call of pending.values())
      call.settle({
        error: new HavnError(`The connection to ${name} fell`, { retryable: true, status: 503 }),
      });
  });

  function call<M extends keyof Out & string>(
    method: M,
    params: z.input<Out[M]["params"]>,
    { signal, timeoutMs = 60_000, onProgress, bytes }: CallOptions = {},
  ): Promise<{ result: z.output<Out[M]["result"]>; bytes: Uint8Array }> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (socket.readyState !== socket.OPEN)
        return reject(new HavnError(`${name} is not connected`, { retryable: true, status: 503 }));
      const id = nextId++;
      const limit = Math.min(timeoutMs, maximumCallMs);
      const giveUp = (error: unknown) => {
        send({ method: "cancel", params: { id } });
        finish();
        reject(error);
      };
      const timer = setTimeout(
        () =>
          giveUp(
            new HavnError(`${name} did not answer ${method} within ${limit} ms`, {
              retryable: true,
              status: 504,
            }),
          ),
        limit,
      );
      const aborted = () => giveUp(signal?.reason);
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        pending.delete(id);
      };
      signal?.addEventListener("abort", aborted, { once: true });
      pending.set(id, {
        onProgress,
        settle(outcome) {
          finish();
          if ("error" in outcome) return reject(outcome.error);
          const parsed = outgoing[method]?.result.safeParse(outcome.result);
          if (!parsed?.success) return reject(unfit(`${name}'s answer to ${method}`, parsed?.error));
          resolve({ result: parsed.data as z.output<Out[M]["result"]>, bytes: outcome.bytes });
        },
      });
      send({ id, method, params }, bytes);
    });
  }

  return { call, close };
}

function unfit(what: string, error: z.ZodError | undefined): HavnError {
  // Only paths and expectations: values may be secret.
  const problems = (error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  return new HavnError(`${what} do not fit the protocol`, {
    status: 400,
    detail: `${problems.slice(0, 5).join("; ")}. Are the control plane and the agent of the same version?`,
  });
}

function describeError(error: unknown): { summary: string; detail: string; retryable: boolean } {
  if (error instanceof HavnError)
    return { summary: error.message, detail: error.detail, retryable: error.retryable };
  return { summary: error instanceof Error ? error.message : String(error), detail: "", retryable: false };
}

import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

/** The request that is being answered: its trace goes into every line that is written meanwhile. */
export const current = new AsyncLocalStorage();
const levels = ["debug", "info", "warn", "error"];
const least = levels.indexOf(process.env.LOG_LEVEL ?? "info");

/** One JSON line. */
export function log(level, msg, fields = {}) {
  if (levels.indexOf(level) < least) return;
  const trace = current.getStore();
  const ids = trace ? { trace_id: trace.traceId, span_id: trace.spanId } : {};
  process.stdout.write(
    `${JSON.stringify({ time: new Date().toISOString(), level, msg, ...ids, ...fields })}\n`,
  );
}

/** W3C Trace Context: goes on with the caller's trace, or begins one. Each request is a span of its own. */
export function traceOf(header) {
  const [, traceId, , flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header ?? "") ?? [];
  const valid = traceId !== undefined && !/^0+$/.test(traceId);
  const trace = {
    traceId: valid ? traceId : randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    flags: valid ? flags : "01",
  };
  return { ...trace, traceparent: `00-${trace.traceId}-${trace.spanId}-${trace.flags}` };
}

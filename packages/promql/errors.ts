import { HavnError } from "@havn/model";
import type { Span } from "./ast.ts";

/** As in Prometheus' HTTP API. */
export type PromqlErrorType = "bad_data" | "execution" | "timeout" | "canceled";

const statuses: Record<PromqlErrorType, number> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  canceled: 499,
};

/** A query that cannot be answered. `message` is worded as Prometheus words it. */
export class PromqlError extends HavnError {
  readonly type: PromqlErrorType;

  constructor(type: PromqlErrorType, message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, { status: statuses[type], ...options });
    this.type = type;
  }
}

/** `line:column` of an offset, both from 1; columns count UTF-16 units. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - before.lastIndexOf("\n")}`;
}

export function parseError(text: string, at: Span | number, message: string): PromqlError {
  const offset = typeof at === "number" ? at : at.from;
  return new PromqlError("bad_data", `${position(text, offset)}: parse error: ${message}`, {
    detail: "Correct the query where the position points.",
  });
}

export const executionError = (message: string) => new PromqlError("execution", message);

import { z } from "zod";

/** Where in the user's own files something was written. `file` is a path as the user would type it. */
export const locationSchema = z.object({
  file: z.string(),
  line: z.number().int().positive(),
  column: z.number().int().positive(),
});
export type Location = z.infer<typeof locationSchema>;

/** What is wrong, where, and what to do about it: `detail` ends with the mend. */
export const diagnosticSchema = z.object({
  severity: z.enum(["error", "warning"]),
  summary: z.string(),
  detail: z.string(),
  at: locationSchema.optional(),
  address: z.string().optional(),
});
export type Diagnostic = z.infer<typeof diagnosticSchema>;

/**
 * A failure that is told to a person as it stands. `status` is the HTTP status that carries it (400 bad input,
 * 401 no identity, 403 denied, 404 unknown, 409 conflict, 413 too large, 503 part of Havn is down).
 */
export class HavnError extends Error {
  override readonly name = "HavnError";
  readonly detail: string;
  readonly status: number;
  readonly retryable: boolean;
  /** Seconds after which it is worth another try. */
  readonly retryAfter: number | undefined;
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    summary: string,
    options: {
      detail?: string;
      status?: number;
      retryable?: boolean;
      retryAfter?: number;
      diagnostics?: readonly Diagnostic[];
      cause?: unknown;
    } = {},
  ) {
    super(summary, options.cause === undefined ? undefined : { cause: options.cause });
    this.detail = options.detail ?? "";
    this.status = options.status ?? 500;
    this.retryable = options.retryable ?? false;
    this.retryAfter = options.retryAfter;
    this.diagnostics = options.diagnostics ?? [];
  }
}

/** The body of every failed API answer. */
export const problemSchema = z.object({
  error: z.object({
    summary: z.string(),
    detail: z.string(),
    retryable: z.boolean(),
    diagnostics: z.array(diagnosticSchema),
  }),
});
export type Problem = z.infer<typeof problemSchema>;

export function formatLocation({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

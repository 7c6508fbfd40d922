import { z } from "zod";

/** One log line. Severity text as in OpenTelemetry: trace, debug, info, warn, error, fatal. */
export const logRecordSchema = z.object({
  /** Nanoseconds since the epoch, as text: exact in JSON. */
  time: z.string(),
  environment: z.string(),
  host: z.string(),
  service: z.string().describe('"" for lines of the host itself'),
  instance: z.string(),
  severity: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]),
  body: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  attributes: z.record(z.string(), z.string()),
});
export type LogRecord = z.infer<typeof logRecordSchema>;

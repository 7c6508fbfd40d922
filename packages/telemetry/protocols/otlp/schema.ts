import { z } from "zod";

/**
 * What an OTLP request holds, whichever form it came in: its JSON form writes 64-bit integers as text or as numbers, leaves
 * out what is zero, and tells enumerations by number or by name.
 */
const whole = z
  .union([z.bigint(), z.string().regex(/^-?\d{1,20}$/), z.number().int()])
  .transform((value) => BigInt(value));
const count = whole.transform(Number).default(0);
const double = z
  .union([
    z.number(),
    z.nan(),
    z.enum(["NaN", "Infinity", "-Infinity"]),
    z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  ])
  .transform(Number);
const nanoseconds = whole.default(0n);

export interface AnyValue {
  stringValue?: string | undefined;
  boolValue?: boolean | undefined;
  intValue?: bigint | undefined;
  doubleValue?: number | undefined;
  arrayValue?: { values: AnyValue[] } | undefined;
  kvlistValue?: { values: KeyValue[] } | undefined;
  bytesValue?: string | undefined;
}
export interface KeyValue {
  key: string;
  value?: AnyValue | undefined;
}

const anyValue: z.ZodType<AnyValue> = z.lazy(() =>
  z.object({
    stringValue: z.string().optional(),
    boolValue: z.boolean().optional(),
    intValue: whole.optional(),
    doubleValue: double.optional(),
    arrayValue: z.object({ values: z.array(anyValue).default([]) }).optional(),
    kvlistValue: z.object({ values: z.array(keyValue).default([]) }).optional(),
    bytesValue: z.string().optional(),
  }),
);
const keyValue: z.ZodType<KeyValue> = z.lazy(() =>
  z.object({ key: z.string().default(""), value: anyValue.optional() }),
);
const attributes = z.array(keyValue).default([]);

const exemplars = z
  .array(
    z.object({
      timeUnixNano: nanoseconds,
      asDouble: double.optional(),
      asInt: whole.optional(),
      spanId: z.string().default(""),
      traceId: z.string().default(""),
      filteredAttributes: attributes,
    }),
  )
  .default([]);

const point = z.object({
  attributes,
  startTimeUnixNano: nanoseconds,
  timeUnixNano: nanoseconds,
  flags: z.number().default(0),
  exemplars,
});
const measured = point.extend({ count, sum: double.optional() });
const numberPoint = point.extend({ asDouble: double.optional(), asInt: whole.optional() });
const histogramPoint = measured.extend({
  bucketCounts: z.array(whole.transform(Number)).default([]),
  explicitBounds: z.array(double).default([]),
});
const buckets = z
  .object({ offset: z.number().int().default(0), bucketCounts: z.array(whole.transform(Number)).default([]) })
  .default({ offset: 0, bucketCounts: [] });
const exponentialPoint = measured.extend({
  scale: z.number().int().min(-100).max(100).default(0),
  zeroCount: count,
  zeroThreshold: double.default(0),
  positive: buckets,
  negative: buckets,
});
const summaryPoint = measured.extend({
  quantileValues: z.array(z.object({ quantile: double.default(0), value: double.default(0) })).default([]),
});

const temporality = z
  .union([
    z.number(),
    z
      .enum([
        "AGGREGATION_TEMPORALITY_UNSPECIFIED",
        "AGGREGATION_TEMPORALITY_DELTA",
        "AGGREGATION_TEMPORALITY_CUMULATIVE",
      ])
      .transform((name) => ({ UNSPECIFIED: 0, DELTA: 1, CUMULATIVE: 2 })[name.slice(24)] ?? 0),
  ])
  .default(0);
const points = <P extends z.ZodType>(each: P) =>
  z.object({ dataPoints: z.array(each).default([]), aggregationTemporality: temporality }).optional();

const metric = z.object({
  name: z.string().default(""),
  description: z.string().default(""),
  unit: z.string().default(""),
  gauge: points(numberPoint),
  sum: z
    .object({
      dataPoints: z.array(numberPoint).default([]),
      aggregationTemporality: temporality,
      isMonotonic: z.boolean().default(false),
    })
    .optional(),
  histogram: points(histogramPoint),
  exponentialHistogram: points(exponentialPoint),
  summary: points(summaryPoint),
});

const resource = z.object({ attributes }).default({ attributes: [] });

export const metricsSchema = z.object({
  resourceMetrics: z
    .array(
      z.object({
        resource,
        scopeMetrics: z.array(z.object({ metrics: z.array(metric).default([]) })).default([]),
      }),
    )
    .default([]),
});

const hexId = z
  .string()
  .regex(/^[0-9a-fA-F]{0,64}$/)
  .default("");

const logRecord = z.object({
  timeUnixNano: nanoseconds,
  observedTimeUnixNano: nanoseconds,
  severityNumber: z.number().int().catch(0).default(0),
  severityText: z.string().default(""),
  body: anyValue.optional(),
  attributes,
  traceId: hexId,
  spanId: hexId,
});

export const logsSchema = z.object({
  resourceLogs: z
    .array(
      z.object({
        resource,
        scopeLogs: z.array(z.object({ logRecords: z.array(logRecord).default([]) })).default([]),
      }),
    )
    .default([]),
});

export type Metric = z.output<typeof metric>;
export type NumberPoint = z.output<typeof numberPoint>;
export type HistogramPoint = z.output<typeof histogramPoint>;
export type ExponentialPoint = z.output<typeof exponentialPoint>;
export type SummaryPoint = z.output<typeof summaryPoint>;
export type ResourceMetrics = z.output<typeof metricsSchema>["resourceMetrics"][number];
export type ResourceLogs = z.output<typeof logsSchema>["resourceLogs"][number];

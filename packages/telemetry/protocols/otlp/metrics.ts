import { type Buckets, bucketsOf, type NativeHistogram } from "../../metrics/histogram.ts";
import type { Sink } from "../../metrics/sink.ts";
import type { DeltaSums, Tally } from "./deltas.ts";
import { attributeOf, labelsOf, metricName, unitName } from "./names.ts";
import type {
  ExponentialPoint,
  HistogramPoint,
  Metric,
  NumberPoint,
  ResourceMetrics,
  SummaryPoint,
} from "./schema.ts";

/** Attributes of a resource that become labels of its series; `target_info` holds all of them. Prometheus' own advice. */
const promoted = new Set([
  ...["service.instance.id", "service.name", "service.namespace", "service.version"],
  ...["cloud.availability_zone", "cloud.region", "container.name", "host.name"],
  ...["deployment.environment", "deployment.environment.name"],
  ...[
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
    "k8s.deployment.name",
  ],
  ...["k8s.job.name", "k8s.namespace.name", "k8s.pod.name", "k8s.replicaset.name", "k8s.statefulset.name"],
]);
const delta = 1;
const flagNoValue = 1;
type Labels = ReadonlyMap<string, string>;

/** Puts what an OTLP request holds into the store's form. Of a point that cannot be taken the batch tells. */
export function storeMetrics(resources: readonly ResourceMetrics[], sink: Sink, sums: DeltaSums): void {
  for (const { resource, scopeMetrics } of resources) {
    const attributes = resource.attributes;
    const job = [attributeOf(attributes, "service.namespace"), attributeOf(attributes, "service.name")];
    const identity = new Map([
      ["job", job.filter((part) => part !== "").join("/")],
      ["instance", attributeOf(attributes, "service.instance.id")],
    ]);
    const common = new Map([
      ...labelsOf(attributes.filter(({ key }) => promoted.has(key))),
      ...identity,
      ...environmentLabel(attributeOf(attributes, "deployment.environment.name", "deployment.environment")),
    ]);
    let last = 0;
    for (const { metrics } of scopeMetrics)
      for (const metric of metrics) last = Math.max(last, storeMetric({ metric, common, sink, sums }));
    if (last > 0 && attributes.length > 0) {
      const rest = labelsOf(
        attributes.filter(({ key }) => !/^service\.(name|namespace|instance\.id)$/.test(key)),
      );
      put(sink, new Map([...rest, ...identity]), "target_info", { time: last, start: 0 }, 1);
    }
  }
}

const environmentLabel = (name: string): [string, string][] => (name === "" ? [] : [["env", name]]);

interface Work {
  metric: Metric;
  common: Labels;
  sink: Sink;
  sums: DeltaSums;
}

/** The time of its last point, in milliseconds. */
function storeMetric(work: Work): number {
  const { metric, sink } = work;
  const { name: rawName, unit, description, gauge, sum, histogram, exponentialHistogram, summary } = metric;
  const type = gauge ? "gauge" : sum?.isMonotonic ? "counter" : "other";
  const name = metricName(rawName, unit, sum && !sum.isMonotonic ? "gauge" : type);
  if (name === "") {
    sink.batch.refuse("a metric has no name", "");
    return 0;
  }
  const kind = gauge
    ? "gauge"
    : sum
      ? sum.isMonotonic
        ? "counter"
        : "gauge"
      : summary
        ? "summary"
        : "histogram";
  sink.batch.metadata.push({ name, type: kind, unit: unitName(unit), help: description });
  let last = 0;
  const each = <P extends Point>(
    points: readonly P[],
    store: (point: P, labels: Labels, moment: Moment) => void,
    counted = true,
  ) => {
    for (const point of points) {
      const time = Number(point.timeUnixNano / 1_000_000n);
      const start = counted ? Number(point.startTimeUnixNano / 1_000_000n) : 0;
      last = Math.max(last, time);
      store(point, new Map([...labelsOf(point.attributes), ...work.common]), { time, start });
    }
  };
  const isDelta = (metric: { aggregationTemporality: number }) => metric.aggregationTemporality === delta;
  if (gauge)
    each(
      gauge.dataPoints,
      (point, labels, moment) => storeNumber(work, name, point, labels, moment, false),
      false,
    );
  if (sum)
    each(
      sum.dataPoints,
      (point, labels, moment) => storeNumber(work, name, point, labels, moment, isDelta(sum)),
      sum.isMonotonic && !isDelta(sum),
    );
  if (histogram)
    each(
      histogram.dataPoints,
      (point, labels, moment) => storeHistogram(work, name, point, labels, moment, isDelta(histogram)),
      !isDelta(histogram),
    );
  if (exponentialHistogram)
    each(
      exponentialHistogram.dataPoints,
      (point, labels, moment) =>
        storeExponential(work, name, point, labels, moment, isDelta(exponentialHistogram)),
      !isDelta(exponentialHistogram),
    );
  if (summary)
    each(summary.dataPoints, (point, labels, moment) => storeSummary(work, name, point, labels, moment));
  return last;
}

/** In milliseconds. `start`: since when it counts; 0 where that is not known, and where differences are added up here. */
interface Moment {
  time: number;
  start: number;
}

type Point = Pick<NumberPoint, "startTimeUnixNano" | "timeUnixNano" | "attributes" | "flags" | "exemplars">;

/** Returns the series' reference. */
function put(
  sink: Sink,
  labels: Labels,
  name: string,
  { time, start }: Moment,
  value: number | undefined,
): number {
  const reference = sink.reference([...labels, ["__name__", name]].flat() as string[]);
  if (reference < 0) return reference;
  if (value === undefined) sink.stale(reference, time);
  else sink.value(reference, time, value, start);
  return reference;
}

const keyOf = (name: string, labels: Labels) =>
  `${name}\xff${[...labels].sort(([a], [b]) => (a < b ? -1 : 1)).join("\xff")}`;

function storeNumber(
  { sink, sums }: Work,
  ...[name, point, labels, moment, isDelta]: [string, NumberPoint, Labels, Moment, boolean]
): void {
  const measured = point.asDouble ?? (point.asInt === undefined ? 0 : Number(point.asInt));
  const noValue = (point.flags & flagNoValue) !== 0;
  const value = isDelta && !noValue ? sums.add(keyOf(name, labels), [measured])[0] : measured;
  const reference = put(sink, labels, name, moment, noValue ? undefined : value);
  storeExemplars(sink, point.exemplars, () => reference);
}

/** Classic buckets, which every tool for Prometheus understands. */
function storeHistogram(
  { sink, sums }: Work,
  ...[name, point, labels, moment, isDelta]: [string, HistogramPoint, Labels, Moment, boolean]
): void {
  const { explicitBounds: bounds, bucketCounts: counts } = point;
  if (counts.length > 0 && counts.length !== bounds.length + 1) {
    sink.batch.refuse("a histogram's counts do not fit its bounds", name);
    return;
  }
  const noValue = (point.flags & flagNoValue) !== 0;
  const measured = [point.count, point.sum ?? 0, ...counts];
  const bounded = () => `${keyOf(name, labels)}\xff${bounds.join()}`;
  const [count = 0, sum = 0, ...perBucket] = isDelta && !noValue ? sums.add(bounded(), measured) : measured;
  const told = (value: number) => (noValue ? undefined : value);
  put(sink, labels, `${name}_count`, moment, told(count));
  if (point.sum !== undefined) put(sink, labels, `${name}_sum`, moment, told(sum));
  let below = 0;
  const buckets = bounds.map((bound, at) => {
    below += perBucket[at] ?? 0;
    return put(sink, new Map([...labels, ["le", String(bound)]]), `${name}_bucket`, moment, told(below));
  });
  buckets.push(put(sink, new Map([...labels, ["le", "+Inf"]]), `${name}_bucket`, moment, told(count)));
  storeExemplars(sink, point.exemplars, (value) => {
    const at = bounds.findIndex((bound) => value <= bound);
    return buckets.at(at) ?? -1;
  });
}

function storeExponential(
  { sink, sums }: Work,
  ...[name, point, labels, moment, isDelta]: [string, ExponentialPoint, Labels, Moment, boolean]
): void {
  const reference = sink.reference([...labels, ["__name__", name]].flat() as string[]);
  if (reference < 0) return;
  if (point.flags & flagNoValue) {
    sink.stale(reference, moment.time);
    return;
  }
  if (point.scale < -4) {
    sink.batch.refuse("an exponential histogram's scale is below -4", name);
    return;
  }
  const measured: Tally = {
    scale: Math.min(8, point.scale),
    ...{ count: point.count, sum: point.sum ?? 0, zeroCount: point.zeroCount },
    positive: bucketMap(point.positive, point.scale),
    negative: bucketMap(point.negative, point.scale),
  };
  const tally = isDelta ? sums.addTally(keyOf(name, labels), measured) : measured;
  sink.histogram(reference, moment.time, nativeOf(tally, point.zeroThreshold), moment.start);
  storeExemplars(sink, point.exemplars, () => reference);
}

const mostBuckets = 10_000;

/** Bucket i of OTLP lies above base^i, bucket i of Prometheus below it. Scales above 8 are brought down to it. */
function bucketMap(side: ExponentialPoint["positive"], scale: number): Map<number, number> {
  const buckets = new Map<number, number>();
  const shift = Math.max(0, scale - 8);
  for (const [at, count] of side.bucketCounts.slice(0, mostBuckets).entries()) {
    if (count === 0) continue;
    const index = Math.floor((side.offset + at) / 2 ** shift) + 1;
    buckets.set(index, (buckets.get(index) ?? 0) + count);
  }
  return buckets;
}

function nativeOf(tally: Tally, zeroThreshold: number): NativeHistogram {
  return {
    ...{ schema: tally.scale, count: tally.count, sum: tally.sum, zeroCount: tally.zeroCount, zeroThreshold },
    hint: "unknown",
    positive: sortedBuckets(tally.positive),
    negative: sortedBuckets(tally.negative),
    customBounds: [],
  };
}

function sortedBuckets(buckets: ReadonlyMap<number, number>): Buckets {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  return bucketsOf(
    sorted.map(([index]) => index),
    sorted.map(([, count]) => count),
  );
}

function storeSummary(
  { sink }: Work,
  ...[name, point, labels, moment]: [string, SummaryPoint, Labels, Moment]
): void {
  const told = (value: number) => (point.flags & flagNoValue ? undefined : value);
  put(sink, labels, `${name}_count`, moment, told(point.count));
  put(sink, labels, `${name}_sum`, moment, told(point.sum ?? 0));
  for (const { quantile, value } of point.quantileValues)
    put(sink, new Map([...labels, ["quantile", String(quantile)]]), name, moment, told(value));
}

function storeExemplars(
  sink: Sink,
  exemplars: NumberPoint["exemplars"],
  referenceOf: (value: number) => number,
): void {
  for (const exemplar of exemplars) {
    const value = exemplar.asDouble ?? Number(exemplar.asInt ?? 0n);
    const labels = labelsOf(exemplar.filteredAttributes);
    if (exemplar.traceId) labels.set("trace_id", exemplar.traceId);
    if (exemplar.spanId) labels.set("span_id", exemplar.spanId);
    const reference = referenceOf(value);
    const time = Number(exemplar.timeUnixNano / 1_000_000n);
    if (reference >= 0) sink.exemplar(reference, time, value, [...labels].flat());
  }
}

/** Where a part of the query tells of what it came across, and of which metric; the position is known already. */
export interface Notes {
  metric: string;
  /** The same message is told once; `more` says what comes after it, by how many times it was given. */
  warn(message: string, more?: (times: number) => string): void;
  inform(message: string, more?: (times: number) => string): void;
}

/** For a message about what may be made of several metrics. */
const ofMetric = (metric: string) => (metric === "" ? "" : ` for metric name ${JSON.stringify(metric)}`);

// Wording as in Prometheus.

export const mixedKinds = (metric: string) =>
  `encountered a mix of histograms and floats for metric name ${JSON.stringify(metric)}`;
export const mixedKindsInAggregation = "encountered a mix of histograms and floats for aggregation";
export const mixedClassicAndNative = (metric: string) =>
  `vector contains a mix of classic and native histograms${ofMetric(metric)}`;
export const mixedSchemas = (metric: string) =>
  `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${JSON.stringify(metric)}`;
export const ignoredInRange = (metric: string) =>
  `ignored histograms in a range containing both floats and histograms for metric name ${JSON.stringify(metric)}`;
export const ignoredInAggregation = (operator: string) => `ignored histogram in ${operator} aggregation`;
export const notCounter = (metric: string) =>
  `this native histogram metric is not a counter: ${JSON.stringify(metric)}`;
export const notGauge = (metric: string) =>
  `this native histogram metric is not a gauge: ${JSON.stringify(metric)}`;
export const reconciled = (operation: "addition" | "subtraction" | "aggregation") =>
  `mismatched custom buckets were reconciled during ${operation}`;
export const conflictingResets = (operation: "addition" | "subtraction" | "aggregation") =>
  `conflicting counter resets during histogram ${operation}`;
export const badBucketLabel = (metric: string, label: string) =>
  `bucket label "le" is missing or has a malformed value of ${JSON.stringify(label)}${ofMetric(metric)}`;
export const incompatibleTypes = (left: string, operator: string, right: string) =>
  `incompatible sample types encountered for binary operator ${JSON.stringify(operator)}: ${left} ${operator} ${right}`;
export const incompatibleLayout = (operator: string) =>
  `incompatible bucket layout encountered for binary operator ${operator}`;
export const possibleNonCounter = (metric: string) =>
  `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(metric)}`;
export const nanQuantile = (effect: "none" | "skewed", metric: string) =>
  `input to histogram_quantile has NaN observations, result is ${effect === "none" ? "NaN" : "skewed higher"}${ofMetric(metric)}`;
export const nanFraction = (metric: string) =>
  `input to histogram_fraction has NaN observations, which are excluded from all fractions${ofMetric(metric)}`;
export const madeMonotonic = (metric: string) =>
  `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${ofMetric(metric)}`;
export const overlappingStart = (metric: string) =>
  `sample has start time that overlaps with previous sample timestamp for metric ${JSON.stringify(metric)}`;

type Words = readonly [string, ...string[]];

export const labels: Words = ["job", "instance", "code", "le", "version", "kind", "text", "missing"];

export const durations: Words = ["20s", "31s", "1m", "95s", "2m", "5m", "7m", "1m30s", "15m", "1h"];

export const numbers: Words = [
  ...([
    "0",
    "1",
    "2",
    "-1",
    "0.5",
    "0.25",
    "10",
    "100",
    "3",
    "1e3",
    "0x1f",
    "NaN",
    "Inf",
    "-Inf",
    "0.9",
  ] as const),
];

export const quantiles: Words = ["0.5", "0.9", "0.99", "0", "1", "0.25", "-1", "2", "NaN"];

export const arithmetic: Words = ["+", "-", "*", "/", "%", "^", "atan2"];
export const comparisons: Words = ["==", "!=", ">", "<", ">=", "<="];

export const mathFunctions: Words = [
  ...(["abs", "ceil", "floor", "round", "exp", "ln", "log2", "log10", "sqrt", "sgn", "deg", "rad"] as const),
  ...([
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
  ] as const),
];

export const rangeFunctions: Words = [
  ...([
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "rate",
    "increase",
  ] as const),
  ...(["avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time"] as const),
  ...(["stddev_over_time", "stdvar_over_time", "last_over_time", "present_over_time"] as const),
  "absent_over_time",
];

export const dateFunctions: Words = [
  ...([
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
  ] as const),
];

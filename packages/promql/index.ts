export type { Expr } from "./ast.ts";
export * from "./engine.ts";
export { PromqlError, type PromqlErrorType } from "./errors.ts";
export { formatValue } from "./format.ts";
export { functionNames } from "./functions/index.ts";
export { type Dialect, dialects } from "./parser/dialect.ts";
export { parsePromql } from "./parser/parse.ts";
export type {
  BucketAnswer,
  BucketQuestion,
  BucketSeries,
  Histogram,
  Matcher,
  Querier,
  Series,
  TimeRange,
} from "./querier.ts";
export { compileAnchored, matchesValue } from "./regexp.ts";
export { restrict, selectorsOf } from "./restrict.ts";
export { sharedSelections } from "./shared.ts";
export { type ExplainedPart, type ExplainedQuery, QueryTrace } from "./trace.ts";

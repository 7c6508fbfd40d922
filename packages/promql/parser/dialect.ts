import type { Expr } from "../ast.ts";
import { parseMetricsql } from "./metricsql/parse.ts";
import { parsePromql } from "./parse.ts";

export const dialects = ["promql", "metricsql"] as const;
export type Dialect = (typeof dialects)[number];

/** The tree, and the text that positions in messages count in. Throws a PromqlError. */
export function parseDialect(text: string, dialect: Dialect): { parsed: Expr; text: string } {
  switch (dialect) {
    case "promql":
      return { parsed: parsePromql(text), text };
    case "metricsql":
      return parseMetricsql(text);
  }
}

import type { Expr, VectorSelector } from "../ast.ts";
import { type Histogram, noBuckets, type ResetHint } from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";

const stats = new Set(["histogram_count", "histogram_sum", "histogram_avg"]);
const needBuckets = new Set(["histogram_quantile", "histogram_quantiles", "histogram_fraction"]);

/**
 * Selectors of whose histograms only count and sum are asked for. Prometheus reads no buckets then and says between
 * which samples the counter was reset as it reads them, which shows in results (in what it warns of, say): so do we.
 */
export function statsSelectors(root: Expr): Set<VectorSelector> {
  const found = new Set<VectorSelector>();
  const walk = (expr: Expr, asked: boolean): void => {
    switch (expr.kind) {
      case "number":
      case "string":
      case "subquery":
        return;
      case "selector":
        if (asked) found.add(expr);
        return;
      case "matrix":
        walk(expr.selector, asked);
        return;
      case "unary":
      case "parenthesis":
        walk(expr.inner, asked);
        return;
      case "call":
        if (needBuckets.has(expr.name)) return;
        for (const argument of expr.arguments) walk(argument, asked || stats.has(expr.name));
        return;
      case "aggregate":
        if (expr.parameter) walk(expr.parameter, asked);
        walk(expr.inner, asked);
        return;
      case "binary":
        if (expr.operator === "</" || expr.operator === ">/") return;
        walk(expr.left, asked);
        walk(expr.right, asked);
    }
  };
  walk(root, false);
  return found;
}

export function statsOf(histograms: readonly (Histogram | undefined)[]): (Histogram | undefined)[] {
  let last: Histogram | undefined;
  return histograms.map((histogram) => {
    if (!histogram) return undefined;
    const hint: ResetHint =
      histogram.hint !== "unknown" || !last
        ? histogram.hint
        : isReset(histogram, last)
          ? "reset"
          : "not_reset";
    last = histogram;
    const { schema, count, sum } = histogram;
    const empty = {
      zeroThreshold: 0,
      zeroCount: 0,
      positive: noBuckets,
      negative: noBuckets,
      customBounds: [],
    };
    return { schema, count, sum, hint, ...empty };
  });
}

import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

/** What is wrong with an expression. Only configurations that have one pay for loading what reads it. */
export function exprFault(expr: string): string | undefined {
  const { parsePromql, PromqlError } = load("@havn/promql") as typeof import("@havn/promql");
  try {
    parsePromql(expr);
    return undefined;
  } catch (error) {
    if (error instanceof PromqlError) return error.message;
    throw error;
  }
}

import type { Expr } from "@havn/promql";
import type { Ask, Grid, Judged } from "../ask.ts";

/** Decides at each moment of the grid what is wrong. The server's evaluation is a grid of one moment. */
export type Judge<D> = (asked: {
  environment: string;
  expr: Expr;
  detect: D;
  grid: Grid;
  ask: Ask;
  signal: AbortSignal;
}) => Promise<Judged>;

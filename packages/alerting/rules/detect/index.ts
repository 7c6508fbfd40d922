import type { AlertDetect } from "@havn/model";
import type { Expr } from "@havn/promql";
import { type Ask, type Column, columnsOf, type Drawn, type Grid, type Judged } from "../ask.ts";
import { judgeBand } from "./band.ts";
import { judgeExpected } from "./expected.ts";
import { judgeForecast } from "./forecast.ts";
import { judgeLogs } from "./logs.ts";
import { judgeRatio } from "./ratio.ts";

export interface Asked {
  environment: string;
  expr: Expr;
  detect: AlertDetect | undefined;
  grid: Grid;
  ask: Ask;
  signal: AbortSignal;
}

/** What a rule finds wrong at each moment of a grid. */
export async function judge(asked: Asked): Promise<Judged> {
  const { detect } = asked;
  switch (detect?.kind) {
    case undefined:
      return { wrong: await columnsOf(asked.ask, asked, asked.signal), drawn: [] };
    case "expected":
      return judgeExpected({ ...asked, detect });
    case "band":
      return judgeBand({ ...asked, detect });
    case "ratio":
      return judgeRatio({ ...asked, detect });
    case "forecast":
      return judgeForecast({ ...asked, detect });
    case "logs":
      return judgeLogs({ ...asked, detect });
  }
}

/** What a chart of the rule shows: of a comparison with a number its other side, and the number as a bound. */
export async function draw(asked: Asked): Promise<Drawn[]> {
  if (asked.detect) return (await judge(asked)).drawn;
  const { value, bound } = comparisonOf(asked.expr);
  const columns = await columnsOf(asked.ask, { ...asked, expr: value }, asked.signal);
  return columns.map(({ labels, values }: Column) => ({
    ...{ labels, values },
    lower: new Float64Array(values.length).fill(bound?.isLower ? bound.at : Number.NaN),
    upper: new Float64Array(values.length).fill(bound && !bound.isLower ? bound.at : Number.NaN),
  }));
}

function comparisonOf(given: Expr): { value: Expr; bound?: { at: number; isLower: boolean } } {
  let expr = given;
  while (expr.kind === "parenthesis") expr = expr.inner;
  if (expr.kind !== "binary" || !/^[<>]=?$/.test(expr.operator)) return { value: expr };
  const number = numberOf(expr.right);
  return number === undefined
    ? { value: expr.left }
    : { value: expr.left, bound: { at: number, isLower: expr.operator.startsWith("<") } };
}

function numberOf(expr: Expr): number | undefined {
  if (expr.kind === "number") return expr.value;
  if (expr.kind === "parenthesis") return numberOf(expr.inner);
  if (expr.kind !== "unary") return undefined;
  const inner = numberOf(expr.inner);
  return inner === undefined ? undefined : expr.operator === "-" ? -inner : inner;
}

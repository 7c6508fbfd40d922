import type { Extension } from "../ast.ts";
import absFunction from "./abs.ts";
import absentFunction from "./absent.ts";
import absentOverTimeFunction from "./absent_over_time.ts";
import acosFunction from "./acos.ts";
import acoshFunction from "./acosh.ts";
import asinFunction from "./asin.ts";
import asinhFunction from "./asinh.ts";
import atanFunction from "./atan.ts";
import atanhFunction from "./atanh.ts";
import avgOverTimeFunction from "./avg_over_time.ts";
import ceilFunction from "./ceil.ts";
import changesFunction from "./changes.ts";
import clampFunction from "./clamp.ts";
import clampMaxFunction from "./clamp_max.ts";
import clampMinFunction from "./clamp_min.ts";
import cosFunction from "./cos.ts";
import coshFunction from "./cosh.ts";
import countOverTimeFunction from "./count_over_time.ts";
import dayOfMonthFunction from "./day_of_month.ts";
import dayOfWeekFunction from "./day_of_week.ts";
import dayOfYearFunction from "./day_of_year.ts";
import daysInMonthFunction from "./days_in_month.ts";
import type { FunctionDefinition } from "./define.ts";
import degFunction from "./deg.ts";
import deltaFunction from "./delta.ts";
import derivFunction from "./deriv.ts";
import doubleExponentialSmoothingFunction from "./double_exponential_smoothing.ts";
import endFunction from "./end.ts";
import expFunction from "./exp.ts";
import firstOverTimeFunction from "./first_over_time.ts";
import floorFunction from "./floor.ts";
import histogramAvgFunction from "./histogram_avg.ts";
import histogramCountFunction from "./histogram_count.ts";
import histogramFractionFunction from "./histogram_fraction.ts";
import histogramQuantileFunction from "./histogram_quantile.ts";
import histogramQuantilesFunction from "./histogram_quantiles.ts";
import histogramStddevFunction from "./histogram_stddev.ts";
import histogramStdvarFunction from "./histogram_stdvar.ts";
import histogramSumFunction from "./histogram_sum.ts";
import hourFunction from "./hour.ts";
import ideltaFunction from "./idelta.ts";
import increaseFunction from "./increase.ts";
import infoFunction from "./info.ts";
import irateFunction from "./irate.ts";
import labelJoinFunction from "./label_join.ts";
import labelReplaceFunction from "./label_replace.ts";
import lastOverTimeFunction from "./last_over_time.ts";
import lnFunction from "./ln.ts";
import log2Function from "./log2.ts";
import log10Function from "./log10.ts";
import madOverTimeFunction from "./mad_over_time.ts";
import maxOfFunction from "./max_of.ts";
import maxOverTimeFunction from "./max_over_time.ts";
import minOfFunction from "./min_of.ts";
import minOverTimeFunction from "./min_over_time.ts";
import minuteFunction from "./minute.ts";
import monthFunction from "./month.ts";
import piFunction from "./pi.ts";
import predictLinearFunction from "./predict_linear.ts";
import presentOverTimeFunction from "./present_over_time.ts";
import quantileOverTimeFunction from "./quantile_over_time.ts";
import radFunction from "./rad.ts";
import rangeFunction from "./range.ts";
import rateFunction from "./rate.ts";
import resetsFunction from "./resets.ts";
import roundFunction from "./round.ts";
import scalarFunction from "./scalar.ts";
import sgnFunction from "./sgn.ts";
import sinFunction from "./sin.ts";
import sinhFunction from "./sinh.ts";
import sortFunction from "./sort.ts";
import sortByLabelFunction from "./sort_by_label.ts";
import sortByLabelDescFunction from "./sort_by_label_desc.ts";
import sortDescFunction from "./sort_desc.ts";
import sqrtFunction from "./sqrt.ts";
import startFunction from "./start.ts";
import startTimestampFunction from "./start_timestamp.ts";
import stddevOverTimeFunction from "./stddev_over_time.ts";
import stdvarOverTimeFunction from "./stdvar_over_time.ts";
import stepFunction from "./step.ts";
import sumOverTimeFunction from "./sum_over_time.ts";
import tanFunction from "./tan.ts";
import tanhFunction from "./tanh.ts";
import timeFunction from "./time.ts";
import timestampFunction from "./timestamp.ts";
import tsOfFirstOverTimeFunction from "./ts_of_first_over_time.ts";
import tsOfLastOverTimeFunction from "./ts_of_last_over_time.ts";
import tsOfMaxOverTimeFunction from "./ts_of_max_over_time.ts";
import tsOfMinOverTimeFunction from "./ts_of_min_over_time.ts";
import vectorFunction from "./vector.ts";
import yearFunction from "./year.ts";

/** Every function of the language that we have: one file each, and one line here. */
const definitions: readonly FunctionDefinition[] = [
  absFunction,
  absentFunction,
  absentOverTimeFunction,
  acosFunction,
  acoshFunction,
  asinFunction,
  asinhFunction,
  atanFunction,
  atanhFunction,
  avgOverTimeFunction,
  ceilFunction,
  changesFunction,
  clampFunction,
  clampMaxFunction,
  clampMinFunction,
  cosFunction,
  coshFunction,
  countOverTimeFunction,
  dayOfMonthFunction,
  dayOfWeekFunction,
  dayOfYearFunction,
  daysInMonthFunction,
  degFunction,
  deltaFunction,
  derivFunction,
  doubleExponentialSmoothingFunction,
  endFunction,
  expFunction,
  firstOverTimeFunction,
  floorFunction,
  histogramQuantileFunction,
  histogramAvgFunction,
  histogramCountFunction,
  histogramFractionFunction,
  histogramQuantilesFunction,
  histogramStddevFunction,
  histogramStdvarFunction,
  histogramSumFunction,
  infoFunction,
  startTimestampFunction,
  hourFunction,
  ideltaFunction,
  increaseFunction,
  irateFunction,
  labelJoinFunction,
  labelReplaceFunction,
  lastOverTimeFunction,
  lnFunction,
  log10Function,
  log2Function,
  madOverTimeFunction,
  maxOfFunction,
  maxOverTimeFunction,
  minOfFunction,
  minOverTimeFunction,
  minuteFunction,
  monthFunction,
  piFunction,
  predictLinearFunction,
  presentOverTimeFunction,
  quantileOverTimeFunction,
  radFunction,
  rangeFunction,
  rateFunction,
  resetsFunction,
  roundFunction,
  scalarFunction,
  sgnFunction,
  sinFunction,
  sinhFunction,
  sortFunction,
  sortByLabelFunction,
  sortByLabelDescFunction,
  sortDescFunction,
  sqrtFunction,
  startFunction,
  stddevOverTimeFunction,
  stdvarOverTimeFunction,
  stepFunction,
  sumOverTimeFunction,
  tanFunction,
  tanhFunction,
  timeFunction,
  timestampFunction,
  tsOfFirstOverTimeFunction,
  tsOfLastOverTimeFunction,
  tsOfMaxOverTimeFunction,
  tsOfMinOverTimeFunction,
  vectorFunction,
  yearFunction,
];

const byName = new Map(definitions.map((definition) => [definition.name, definition]));

export const findFunction = (name: string): FunctionDefinition | undefined => byName.get(name);
export const functionNames = (): string[] => [...byName.keys()].sort();

/** Names of the functions of ranges that a selector with that modifier may stand in. */
export const rangeFunctionsOn = (extended: Extension): string[] =>
  definitions
    .filter((definition) => definition.kind === "range" && definition.extends?.includes(extended))
    .map(({ name }) => name)
    .sort();

import { aggregateOperators } from "../../ast.ts";
import { type Chance, createChance } from "./chance.ts";
import type { Dataset } from "./dataset.ts";
import { selector } from "./selectors.ts";
import * as names from "./vocabulary.ts";

/** A query and when it is asked; times in milliseconds. `stepMs` is 0 for one moment. */
export interface GeneratedQuery {
  text: string;
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** What generators of expressions share. */
export interface Making {
  chance: Chance;
  dataset: Dataset;
}

/**
 * Queries whose every part has the type that it must have, of all that version 2.42 knows. The number of a query and the
 * seed say which one it is. All durations are whole seconds, moments are half seconds, ranges of subqueries end in a
 * quarter: none meets the time of a sample or of a subquery's step.
 */
export function generateQuery(dataset: Dataset, seed: number, number: number): GeneratedQuery {
  const chance = createChance(seed * 1_000_003 + number);
  const make = { chance, dataset };
  const depth = chance.weighted([
    [20, 1],
    [40, 2],
    [30, 3],
    [10, 4],
  ]);
  const isRange = chance.percent(60);
  const text = isRange
    ? chance.weighted([
        [91, vector],
        [6, scalar],
        [3, histogram],
      ])(make, depth)
    : chance.weighted([
        [82, vector],
        [7, scalar],
        [7, matrix],
        [4, histogram],
      ])(make, depth);
  const startMs = moment(make);
  if (!isRange) return { text, startMs, endMs: startMs, stepMs: 0 };
  const stepMs = chance.pick([7, 15, 30, 60, 61, 300]) * 1000;
  return { text, startMs, endMs: startMs + stepMs * chance.whole(0, 25), stepMs };
}

/** A moment that no sample stands at. */
const moment = ({ chance, dataset: { startMs, endMs } }: Making) =>
  chance.whole(startMs / 1000 - 120, endMs / 1000 + 420) * 1000 + 500;

const seconds = ({ chance }: Making): string => chance.pick(names.durations);

/** `offset` and `@`, sometimes. */
function modifiers(make: Making): string {
  const { chance } = make;
  const parts = [
    ...(chance.percent(14) ? [`offset ${chance.percent(30) ? "-" : ""}${seconds(make)}`] : []),
    ...(chance.percent(10)
      ? [
          `@ ${chance.weighted([
            [2, "start()"],
            [2, "end()"],
            [3, String(moment(make) / 1000)],
          ])}`,
        ]
      : []),
  ];
  if (chance.percent(50)) parts.reverse();
  return parts.map((part) => ` ${part}`).join("");
}

function matrix(make: Making, depth: number): string {
  const { chance } = make;
  if (depth <= 1 || chance.percent(75)) return `${selector(make)}[${seconds(make)}]${modifiers(make)}`;
  const step = chance.percent(25) ? "" : chance.pick(["5s", "7s", "15s", "30s", "1m", "2m"]);
  return `${operand(vector(make, depth - 1))}[${seconds(make)}250ms:${step}]${modifiers(make)}`;
}

function scalar(make: Making, depth: number): string {
  const { chance } = make;
  if (depth <= 0) return chance.pick(names.numbers);
  return chance.weighted<() => string>([
    [30, () => chance.pick(names.numbers)],
    [8, () => "time()"],
    [3, () => "pi()"],
    [12, () => `scalar(${vector(make, depth - 1)})`],
    [
      10,
      () =>
        `${operand(scalar(make, depth - 1))} ${chance.pick(names.arithmetic)} ${operand(scalar(make, depth - 1))}`,
    ],
    [
      5,
      () =>
        `${operand(scalar(make, depth - 1))} ${chance.pick(names.comparisons)} bool ${operand(scalar(make, depth - 1))}`,
    ],
    [3, () => `${chance.pick(["-", "+"])}${operand(scalar(make, depth - 1))}`],
  ])();
}

/** Parentheses, so that what was made stays one operand. */
const operand = (text: string) => (/^[\w:.]+(\([^()]*\)|\{[^{}]*\})?$/.test(text) ? text : `(${text})`);

export function vector(make: Making, depth: number): string {
  const { chance } = make;
  if (depth <= 0) return `${selector(make)}${modifiers(make)}`;
  const inner = () => vector(make, depth - 1);
  return chance.weighted<() => string>([
    [10, () => `${selector(make)}${modifiers(make)}`],
    [26, () => rangeCall(make, depth)],
    [20, () => aggregate(make, depth)],
    [9, () => `${chance.pick(names.mathFunctions)}(${inner()})`],
    [4, () => parameterised(make, depth)],
    [9, () => withScalar(make, depth)],
    [10, () => joined(make, depth)],
    [6, () => setOperation(make, depth)],
    [4, () => relabelled(make, depth)],
    [4, () => quantile(make, depth)],
    [3, () => `${chance.pick(names.dateFunctions)}(${chance.percent(20) ? "" : inner()})`],
    [2, () => `vector(${scalar(make, depth - 1)})`],
    [2, () => `absent(${inner()})`],
    [3, () => `${chance.pick(["sort", "sort_desc", "timestamp"])}(${inner()})`],
    [2, () => `${chance.pick(["-", "+"])}${operand(inner())}`],
    [1, () => `(${inner()})`],
    [3, () => ofHistogram(make)],
  ])();
}

function rangeCall(make: Making, depth: number): string {
  const { chance } = make;
  const over = matrix(make, depth);
  return chance.weighted<() => string>([
    [80, () => `${chance.pick(names.rangeFunctions)}(${over})`],
    [6, () => `quantile_over_time(${scalar(make, depth - 2)}, ${over})`],
    [6, () => `predict_linear(${over}, ${scalar(make, depth - 2)})`],
    [6, () => `holt_winters(${over}, ${chance.pick(["0.1", "0.5", "0.9"])}, ${chance.pick(["0.2", "0.6"])})`],
  ])();
}

function aggregate(make: Making, depth: number): string {
  const { chance } = make;
  const operator = chance.pick(
    aggregateOperators.filter((name) => !name.startsWith("limit")) as [string, ...string[]],
  );
  const grouping = chance.weighted([
    [35, ""],
    [45, ` by (${chance.some(names.labels, 25).join(", ")})`],
    [20, ` without (${chance.some(names.labels, 30).join(", ")})`],
  ]);
  const parameter = {
    topk: () => `${chance.pick(["1", "2", "3", "5", "0", "-1"])}, `,
    bottomk: () => `${chance.pick(["1", "2", "3", "5"])}, `,
    quantile: () => `${scalar(make, depth - 2)}, `,
    count_values: () => `"${chance.pick(["value", "job", "code"])}", `,
  }[operator];
  const inside = `(${parameter?.() ?? ""}${vector(make, depth - 1)})`;
  return chance.percent(70) ? `${operator}${grouping} ${inside}` : `${operator}${inside}${grouping}`;
}

function parameterised(make: Making, depth: number): string {
  const { chance } = make;
  const inner = vector(make, depth - 1);
  const number = () => scalar(make, depth - 2);
  return chance.pick<() => string>([
    () => `round(${inner}, ${chance.pick(["0.25", "2", "10", "-1", "0.1"])})`,
    () => `clamp(${inner}, ${number()}, ${number()})`,
    () => `clamp_min(${inner}, ${number()})`,
    () => `clamp_max(${inner}, ${number()})`,
  ])();
}

function withScalar(make: Making, depth: number): string {
  const { chance } = make;
  const sides = [operand(vector(make, depth - 1)), operand(scalar(make, depth - 1))];
  if (chance.percent(40)) sides.reverse();
  const comparison = `${chance.pick(names.comparisons)}${chance.percent(40) ? " bool" : ""}`;
  return sides.join(` ${chance.percent(55) ? chance.pick(names.arithmetic) : comparison} `);
}

/** Two vectors whose series find each other: both summed by labels that one of them has more of, or the same one twice. */
function joined(make: Making, depth: number): string {
  const { chance } = make;
  const operator = chance.percent(55)
    ? chance.pick(names.arithmetic)
    : `${chance.pick(names.comparisons)}${chance.percent(40) ? " bool" : ""}`;
  const labels = chance.some(["job", "instance", "code"], 60);
  const by = (side: readonly string[]) =>
    `${chance.pick(["sum", "max", "avg", "count", "min"])} by (${side.join(", ")}) (${vector(make, depth - 1)})`;
  return chance.weighted<() => string>([
    [30, () => `${by(labels)} ${operator} ${by(labels)}`],
    [
      30,
      () => {
        const more = [...labels, "version", "le"];
        const match = `on (${labels.join(", ")})`;
        return chance.percent(50)
          ? `${by(more)} ${operator} ${match} group_left (${chance.some(["version"], 20).join()}) ${by(labels)}`
          : `${by(labels)} ${operator} ${match} group_right () ${by(more)}`;
      },
    ],
    [15, () => `queue ${operator} on (job, instance) group_left (version) build_info`],
    [
      20,
      () => {
        const same = selector(make);
        const other = chance.percent(50) ? `${same} offset ${seconds(make)}` : operand(`${same} * 2`);
        const match = chance.pick(["", "ignoring (code) ", "on (job, instance, code) ", "ignoring () "]);
        return `${same} ${operator} ${match}${other}`;
      },
    ],
    [5, () => `${operand(vector(make, depth - 1))} ${operator} ${operand(vector(make, depth - 1))}`],
  ])();
}

function setOperation(make: Making, depth: number): string {
  const { chance } = make;
  const match = chance.weighted([
    [50, ""],
    [30, ` on (${chance.some(names.labels, 40).join(", ")})`],
    [20, ` ignoring (${chance.some(names.labels, 40).join(", ")})`],
  ]);
  return `${operand(vector(make, depth - 1))} ${chance.pick(["and", "or", "unless"])}${match} ${operand(vector(make, depth - 1))}`;
}

function relabelled(make: Making, depth: number): string {
  const { chance } = make;
  const inner = vector(make, depth - 1);
  const label = () => chance.pick(names.labels);
  if (chance.percent(40))
    return `label_join(${inner}, "${chance.pick(["joined", "job", "new_label"])}", "${chance.pick(["-", "", ", "])}", "${label()}", "${label()}")`;
  const [pattern, put] = chance.pick<[string, string]>([
    ["(.*)", "$1"],
    ["(.*):(.*)", "$2-$1"],
    ["a.*", "x"],
    ["(?P<first>.).*", "$" + "{first}"],
    ["", "none"],
    ["2..|(4)..", "is$1"],
  ]);
  return `label_replace(${inner}, "${chance.pick(["copy", "job", "instance"])}", "${put}", "${label()}", "${pattern}")`;
}

function quantile(make: Making, depth: number): string {
  const { chance } = make;
  const buckets = chance.weighted([
    [30, `rate(latency_bucket[${seconds(make)}])`],
    [
      30,
      `sum by (${chance.pick(["le", "le, job", "le, instance"])}) (rate(latency_bucket[${seconds(make)}]))`,
    ],
    [20, "latency_bucket"],
    [10, chance.pick(["broken_bucket", "open_bucket"])],
    [10, vector(make, depth - 1)],
  ]);
  return `histogram_quantile(${chance.percent(80) ? chance.pick(names.quantiles) : scalar(make, depth - 2)}, ${buckets})`;
}

/** A native histogram, as 2.42 can have one: as it is, as change, or summed. */
function histogram(make: Making): string {
  const { chance } = make;
  const own = `rpc_seconds${chance.pick(["", '{service="api"}', '{zone!="a:1"}'])}`;
  const over = `[${seconds(make)}]${modifiers(make)}`;
  return chance.pick([
    `${own}${modifiers(make)}`,
    `rate(${own}${over})`,
    `increase(${own}${over})`,
    `sum by (service) (${own})`,
    `sum(rate(${own}${over}))`,
  ]);
}

/** What it says in numbers. Its buckets end at powers of two: between them the versions interpolate in different ways. */
function ofHistogram(make: Making): string {
  const { chance } = make;
  const one = histogram(make);
  return chance.pick([
    `histogram_count(${one})`,
    `histogram_sum(${one})`,
    `histogram_fraction(${chance.pick(["1, 4", "0.5, 2", "-Inf, 1", "0.5, +Inf"])}, ${one})`,
  ]);
}

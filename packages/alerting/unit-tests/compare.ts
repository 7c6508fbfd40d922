import { type Labels, labelsKey } from "@havn/model";
import type { Histogram } from "@havn/promql";
import { histogramsMatch } from "@havn/promql/written";

export interface TestAlert {
  labels: Labels;
  annotations: Labels;
}

export interface TestSample {
  labels: Labels;
  value: number;
  histogram?: Histogram | undefined;
}

/** `fuzzy`: to the next number on either side; otherwise exactly. Not a number equals nothing, as in promtool. */
export function sameNumber(wanted: number, got: number, fuzzy: boolean): boolean {
  if (wanted === got) return true;
  return fuzzy && (neighbour(wanted, 1) === got || neighbour(wanted, -1) === got);
}

function neighbour(value: number, direction: 1 | -1): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return direction * Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  const step = value > 0 === direction > 0 ? 1n : -1n;
  return new Float64Array(new BigInt64Array([(bits[0] ?? 0n) + step]).buffer)[0] ?? value;
}

const textOf = (labels: Labels): string =>
  `{${Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(", ")}}`;

const alertText = ({ labels, annotations }: TestAlert) =>
  `${textOf(labels)}${Object.keys(annotations).length > 0 ? ` ${textOf(annotations)}` : ""}`;

/** What differs, in lines; none where all is as expected. */
export function differingAlerts(wanted: readonly TestAlert[], got: readonly TestAlert[]): string[] {
  const open = got.map((alert) => ({ alert, text: alertText(alert) }));
  const missing: TestAlert[] = [];
  for (const alert of wanted) {
    const at = open.findIndex(({ text }) => text === alertText(alert));
    if (at < 0) missing.push(alert);
    else open.splice(at, 1);
  }
  return differences(
    missing,
    open.map(({ alert }) => alert),
    alertText,
    (one) => [one.labels, one.annotations],
  );
}

export function differingSamples(
  wanted: readonly TestSample[],
  got: readonly TestSample[],
  fuzzy: boolean,
): string[] {
  const open = [...got];
  const missing: TestSample[] = [];
  for (const sample of wanted) {
    const at = open.findIndex((one) => sameSample(sample, one, fuzzy));
    if (at < 0) missing.push(sample);
    else open.splice(at, 1);
  }
  const text = ({ labels, value, histogram }: TestSample) =>
    `${textOf(labels)} ${histogram ? JSON.stringify(histogram) : value}`;
  return differences(missing, open, text, ({ labels }) => [labels]);
}

function sameSample(wanted: TestSample, got: TestSample, fuzzy: boolean): boolean {
  if (labelsKey(wanted.labels) !== labelsKey(got.labels)) return false;
  if (!wanted.histogram || !got.histogram)
    return !wanted.histogram && !got.histogram && sameNumber(wanted.value, got.value, fuzzy);
  return histogramsMatch(wanted.histogram, got.histogram, {
    hint: false,
    equal: (a, b) => sameNumber(a, b, fuzzy),
  });
}

/** Pairs what is alike but for a few words, and names those. */
function differences<T>(
  missing: readonly T[],
  unexpected: readonly T[],
  textOfOne: (one: T) => string,
  parts: (one: T) => Labels[],
): string[] {
  const lines = [
    ...missing.map((one) => `expected  ${textOfOne(one)}`),
    ...unexpected.map((one) => `got       ${textOfOne(one)}`),
  ];
  const [one, other] = [missing[0], unexpected[0]];
  if (missing.length !== 1 || unexpected.length !== 1 || one === undefined || other === undefined)
    return lines;
  const [left, right] = [parts(one), parts(other)].map((all) => Object.assign({}, ...all) as Labels);
  const names = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])];
  const differing = names.filter((name) => left?.[name] !== right?.[name]);
  const told = differing.map((name) => {
    const [before, after] = [left?.[name], right?.[name]].map((text) =>
      text === undefined ? "nothing" : JSON.stringify(text),
    );
    return `${name}: expected ${before}, got ${after}`;
  });
  return [...lines, ...told];
}

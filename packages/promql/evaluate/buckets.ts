import type {
  BucketAnswer,
  BucketColumn,
  BucketQuestion,
  BucketSeries,
  Matcher,
  Series,
} from "../querier.ts";
import { type BucketFunction, type BucketWindow, bucketFunctions } from "./bucket-functions.ts";
import type { Column } from "./columns.ts";
import type { Evaluation } from "./evaluation.ts";

export interface BucketsInHand {
  answer: BucketAnswer;
  /** Writes what one series answers into its column; false where nothing came of it. */
  fill(series: BucketSeries, column: Column): boolean;
}

type Asked = Omit<BucketQuestion, "columns" | "exact" | "newest">;

/** For a range function over a plain selector. */
export async function bucketsOfRange(
  e: Evaluation,
  name: string,
  asked: Asked,
): Promise<BucketsInHand | undefined> {
  const range = bucketFunctions[name];
  if (!range) return undefined;
  const answer = await ask(e, { ...asked, columns: range.needs, exact: true });
  return (
    answer && { answer, fill: (series, column) => fillWindows({ range, asked, answer, series, column }) }
  );
}

/** For an instant selector; `timestamps`: not the values are asked for but their times, in seconds. */
export async function bucketsOfInstant(
  e: Evaluation,
  asked: Asked,
  timestamps: boolean,
): Promise<BucketsInHand | undefined> {
  const columns: BucketColumn[] = ["count", "last", "lastAt", "ended"];
  const answer = await ask(e, { ...asked, columns, exact: true, newest: true });
  return (
    answer && { answer, fill: (series, column) => fillNewest({ asked, answer, series, column, timestamps }) }
  );
}

/** Where samples are gone and the question is not one for buckets: the last sample of each bucket is what is left. */
export async function remains(
  e: Evaluation,
  matchers: readonly Matcher[],
  range: { start: number; end: number },
): Promise<{ name: string; series: AsyncIterable<readonly Series[]> } | undefined> {
  const answer = await ask(e, {
    matchers,
    ...{ base: range.end, stride: 0, count: 1, rangeMs: range.end - range.start + 1 },
    ...{ columns: ["count", "last", "lastAt", "ended"], exact: false },
  });
  return answer && { name: answer.name, series: lastOfEach(answer, range) };
}

async function* lastOfEach(
  answer: BucketAnswer,
  range: { start: number; end: number },
): AsyncGenerator<readonly Series[]> {
  for await (const { labels, columns } of answer.series) {
    const places = Array.from(columns.count.keys()).filter((i) => {
      const at = columns.lastAt[i] ?? 0;
      return columns.count[i] && at >= range.start && at <= range.end;
    });
    const pick = (column: Float64Array) => Float64Array.from(places, (i) => column[i] ?? 0);
    if (places.length > 0) yield [{ labels, timestamps: pick(columns.lastAt), values: pick(columns.last) }];
  }
}

async function ask(e: Evaluation, question: BucketQuestion): Promise<BucketAnswer | undefined> {
  const answer = await e.options.querier.buckets?.(question, e.options.signal);
  if (answer) e.took(answer.name, answer.exact);
  return answer;
}

interface Filling {
  asked: Asked;
  answer: BucketAnswer;
  series: BucketSeries;
  column: Column;
}

/** Where buckets do not fit a window, that of whole buckets stands for it which ended last before. */
function shaped({ asked, answer }: Filling, i: number): { start: number; end: number } {
  const end = asked.base + i * asked.stride;
  if (answer.exact) return { start: end - asked.rangeMs, end };
  const { resolutionMs } = answer;
  const wholeEnd = Math.floor(end / resolutionMs) * resolutionMs;
  const whole = Math.max(resolutionMs, Math.round(asked.rangeMs / resolutionMs) * resolutionMs);
  return { start: wholeEnd - whole, end: wholeEnd };
}

function fillWindows(filling: Filling & { range: BucketFunction }): boolean {
  const { asked, series, column, range } = filling;
  const { ends, columns } = series;
  const window: BucketWindow = { from: 0, to: 0, start: 0, end: 0 };
  let any = false;
  for (let i = 0; i < asked.count; i++) {
    Object.assign(window, shaped(filling, i));
    while (window.to < ends.length && (ends[window.to] ?? 0) <= window.end) window.to++;
    while (window.from < window.to && (ends[window.from] ?? 0) <= window.start) window.from++;
    if (!holdsAny(columns.count, window)) continue;
    const value = range.of(columns, window);
    if (value === undefined) continue;
    column.values[i] = range.grows ? value * (asked.rangeMs / (window.end - window.start)) : value;
    column.present[i] = 1;
    any = true;
  }
  return any;
}

function holdsAny(count: Float64Array, { from, to }: BucketWindow): boolean {
  for (let i = to - 1; i >= from; i--) if (count[i]) return true;
  return false;
}

/** The newest sample of each window, unless the series ended after it. */
function fillNewest(filling: Filling & { timestamps: boolean }): boolean {
  const { asked, answer, series, column, timestamps } = filling;
  const { ends, columns } = series;
  let any = false;
  for (let i = 0, to = 0; i < asked.count; i++) {
    const { end } = shaped(filling, i);
    const start = end - (answer.exact ? asked.rangeMs : Math.max(asked.rangeMs, answer.resolutionMs));
    while (to < ends.length && (ends[to] ?? 0) <= end) to++;
    const last = to - 1;
    if (last < 0 || !columns.count[last] || columns.ended[last]) continue;
    const at = columns.lastAt[last] ?? 0;
    if (at <= start) continue;
    column.values[i] = timestamps ? at / 1000 : (columns.last[last] ?? 0);
    column.present[i] = 1;
    any = true;
  }
  return any;
}

import { labelsKey } from "@havn/model";
import { type Answer, sameNumber } from "./answers.ts";
import type { GeneratedQuery } from "./generate.ts";

/** A query, made as small as it goes, and what both said. */
export interface Finding {
  query: GeneratedQuery;
  difference: string;
  ours: Answer;
  theirs: Answer;
}

/** What versions 2.42 and 3 answer differently, on purpose. */
export interface KnownDifference {
  id: string;
  because: string;
  explains(finding: Finding): boolean;
}

const failsWith = (answer: Answer, words: RegExp) => answer.kind === "failed" && words.test(answer.message);

/**
 * Differences that are none of ours. What is about windows does not show: no sample lies where one begins or ends
 * (`dataset.ts`). Regular expressions meet no line break, whose dot is another one in version 3.
 */
export const knownDifferences: readonly KnownDifference[] = [
  {
    id: "names go at the end",
    because:
      "Version 3 (delayed name removal) takes names away from the result alone, so that series that differ in nothing else may meet in between.",
    explains: ({ theirs, ours }) =>
      ours.kind === "answered" &&
      failsWith(theirs, /vector cannot contain metrics with the same labelset|found duplicate series/),
  },
  {
    id: "atan2 keeps no name",
    because: "Version 2.42 forgot to take names from what atan2 answers.",
    explains: ({ query, difference }) =>
      / atan2 /.test(query.text) && /^(only we answer|we failed|they failed)/.test(difference),
  },
  {
    id: "one that is no number",
    because:
      "stddev and stdvar of a group whose first value is NaN or infinite are NaN in version 3; 2.42 began at zero.",
    explains: ({ query, difference }) =>
      /std(dev|var)\b/.test(query.text) && / we say NaN, they 0$/.test(difference),
  },
  {
    id: "the clamp at zero",
    because:
      "Where the first sample is far from the window's start, version 2.42 first asked when a counter was zero, version 3 asks that of half an interval.",
    explains: ({ query, difference }) =>
      /^(rate|increase)\([^()]*\[[^()]*\)$|^(rate|increase)\(.*\)$/.test(query.text) && isSmaller(difference),
  },
  {
    id: "a held range over several steps",
    because:
      "From the second step on version 2.42 forgets samples of a range that @ holds, where the function gives another answer at each step.",
    explains: ({ query }) => query.stepMs > 0 && /^\(?\w+\(.*\] (offset \S+ )?@ /.test(query.text),
  },
  {
    id: "the date of what is no time",
    because:
      "NaN, infinities and times beyond some 270,000 years are turned into whatever the processor makes of them; here they are NaN.",
    explains: ({ query, difference }) =>
      /\b(minute|hour|day_of_\w+|days_in_month|month|year)\(/.test(query.text) &&
      /we say NaN, they \d+$/.test(difference),
  },
  {
    id: "the last digits as a label",
    because:
      "count_values makes a label of a number with all its digits, the last of which depend on how sums are made.",
    explains: ({ query, ours, theirs }) =>
      /count_values/.test(query.text) && areNearly(countsOf(query.text, ours), countsOf(query.text, theirs)),
  },
  {
    id: "values that lose labels",
    because:
      "From the second step on version 2.42 forgets labels by which count_values groups: it sorts them with the label of the value among them.",
    explains: ({ query }) =>
      query.stepMs > 0 && query.endMs > query.startMs && /count_values.* by \(\w+, /.test(query.text),
  },
  {
    id: "@ in a parameter",
    because: "Prometheus, to this day, does not look for @ in the parameters of aggregations.",
    explains: ({ query }) => /\b(topk|bottomk|quantile|count_values)\b.*@ /.test(query.text),
  },
  {
    id: "a held part of a subquery without a step",
    because:
      "Prometheus evaluates once what @ holds, and what reads no series, even where no step of the subquery lies within its range.",
    explains: ({ query, difference }) =>
      /( @ |\bvector\([^()]*\)).*\w:\w*\]/.test(query.text) && /^we answer 0 series/.test(difference),
  },
  {
    id: "sums that overflow",
    because:
      "Where a sum gets infinite, what version 2.42 keeps of lost digits is NaN, and so is the sum; version 3 says infinite.",
    explains: ({ query, difference }) =>
      /(sum|avg|stdvar|stddev)_over_time/.test(query.text) && /we say -?Infinity, they NaN$/.test(difference),
  },
  {
    id: "many that a comparison drops",
    because:
      "Version 2.42 sees that several series meet one only where the comparison keeps them; version 3 always.",
    explains: ({ query, ours, theirs }) =>
      / (==|!=|>|<|>=|<=) /.test(query.text) &&
      theirs.kind === "answered" &&
      failsWith(ours, /many-to-one matching must be explicit|grouping labels must ensure unique matches/),
  },
  {
    id: "the time of what is held",
    because: "In timestamp(metric @ time offset duration) Prometheus, to this day, forgets the offset.",
    explains: ({ query }) => /timestamp\([^()]*(@.*offset|offset.*@)/.test(query.text),
  },
  {
    id: "the last digits",
    because:
      "Sums are made in another order or with corrections, and sin, tan, % and what is near zero make much of the last digits. So does a rate of averages: it is what is left of two that are nearly the same (where it was looked into with whole numbers of any length, ours were the nearest that there are).",
    explains: ({ query, difference }) => areClose(query.text, difference),
  },
  {
    id: "another one each time",
    because:
      "Version 2.42 adds up what it groups in no order: asked again it gives other last digits, and others of equal values.",
    explains: ({ difference }) => difference === "another one each time",
  },
  {
    id: "equals among the highest",
    because:
      "Which of equal values topk and bottomk take depends on the order in which the store gives series.",
    explains: ({ query, ours, theirs }) =>
      /^\(?(topk|bottomk)/.test(query.text) && valuesOf(ours) === valuesOf(theirs),
  },
];

/** We stretch over half an interval, they by less than 1.1: never more than a third apart. */
function isSmaller(difference: string): boolean {
  const [, ours, theirs] = /we say ([\d.e+-]+), they ([\d.e+-]+)$/.exec(difference) ?? [];
  return ours !== undefined && Number(ours) <= Number(theirs) && Number(ours) * 1.5 > Number(theirs);
}

/** A millionth apart, or both nothing beside what they were made of, after what makes differences grow. */
function areClose(text: string, difference: string): boolean {
  const [, one, other] = /we say ([\d.e+-]+), they ([\d.e+-]+)$/.exec(difference) ?? [];
  const [ours, theirs] = [Number(one), Number(other)];
  const [apart, size] = [Math.abs(ours - theirs), Math.max(Math.abs(ours), Math.abs(theirs))];
  if (size < 1e-9) return true;
  // What is nearly a multiple leaves nearly nothing, or nearly all; what is nearly equal falls, or does not.
  if (/[)\w] % /.test(text) && /\w\(/.test(text)) return true;
  if (/\b(rate|increase)\(\w+\(.*:\w*\]/.test(text)) return apart < 1e-6 * size;
  if (/\b(resets|changes)\(\w+\(/.test(text) && apart <= 2) return true;
  return (
    /\b(sin|cos|tan|deriv|predict_linear|holt_winters|round|i?delta|irate|std(dev|var)\w*)\b| [-] /.test(
      text,
    ) && apart < 1e-6 * size
  );
}

/** The values at each time, whosever they are. */
function valuesOf(answer: Answer): string {
  if (answer.kind === "failed") return "failed";
  const values = answer.series.flatMap(({ points }) =>
    [...points].map(
      ([time, value]) => `${time} ${typeof value === "number" ? value.toPrecision(9) : "histogram"}`,
    ),
  );
  return values.sort().join("; ");
}

/** Each time and labels with the number among them apart, as often as it was counted, in order. */
function countsOf(query: string, answer: Answer): { key: string; number: number }[] {
  if (answer.kind === "failed") return [];
  const name = /count_values\b[^"]*"(\w+)"/.exec(query)?.[1] ?? "";
  const counts = answer.series.flatMap(({ labels, points }) => {
    const others = labelsKey({ ...labels, [name]: "" });
    return [...points].flatMap(([time, count]) =>
      Array.from({ length: Number(count) }, () => ({
        key: `${time} ${others}`,
        number: Number(labels[name]?.replace("Inf", "Infinity")),
      })),
    );
  });
  return counts.sort((a, b) => (a.key === b.key ? a.number - b.number : a.key < b.key ? -1 : 1));
}

const areNearly = (ours: ReturnType<typeof countsOf>, theirs: ReturnType<typeof countsOf>): boolean =>
  ours.length === theirs.length &&
  ours.every(({ key, number }, i) => key === theirs[i]?.key && sameNumber(number, theirs[i].number));

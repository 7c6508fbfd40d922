import { type BacktestAnswer, formatDuration, parseAddress } from "@havn/model";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import { count, localTime, paintSeverity, roughly } from "./words.ts";

const mostRows = 40;

/** What a rule would have done, and whom it would have reached. */
export function backtestView(
  answer: BacktestAnswer,
  { style, columns }: { style: Style; columns: number },
): string {
  const { episodes, told, onlyPending, failures, warnings, assumed, from, until } = answer;
  const pages = told.filter(({ asked }) => asked.people.length > 0).length;
  const head = [
    `${style.bold(`${answer.environment}/${printable(answer.rule)}`)}  ${style.dim(printable(answer.expr).replace(/\s+/g, " "))}`,
    `${localTime(from)} – ${localTime(until)}, ${count(answer.evaluations, "evaluation")} every ${formatDuration(answer.intervalMs)}` +
      (answer.forMs > 0 ? `, for ${formatDuration(answer.forMs)}` : ""),
  ];
  const result = [
    `It would have fired ${count(episodes.length, "time")} (${answer.most} at once at most), been pending without firing ${count(onlyPending, "time")},`,
    `told receivers ${count(told.length, "time")} and asked people ${count(pages, "time")}.`,
  ];
  return [
    ...head,
    "",
    ...plot(answer, { style, columns: Math.min(columns, 100) }),
    "",
    ...result,
    ...section("Alerts", episodeRows(answer, style)),
    ...section("Told", toldRows(answer, style)),
    ...failures.map(
      ({ from: at, to, message }) =>
        `${style.red("✗")} ${localTime(at)} – ${localTime(to)}: ${printable(message)}`,
    ),
    ...warnings.map((warning) => `${style.yellow("!")} ${printable(warning)}`),
    "",
    ...assumed.map((line) => style.dim(line)),
  ].join("\n");
}

const section = (title: string, rows: readonly string[]) =>
  rows.length === 0 ? [] : ["", `${title}:`, ...rows];

/** One mark for each part of the time: what was the worst in it, and under it when that was. */
function plot(
  { from, until, spans }: BacktestAnswer,
  { style, columns }: { style: Style; columns: number },
): string[] {
  const length = (until - from) / columns;
  const states = Array.from({ length: columns }, (_, i) => {
    const [start, end] = [from + i * length, from + (i + 1) * length];
    const here = spans.filter((span) => span.from < end && (span.to > start || span.from >= start));
    if (here.some(({ state }) => state === "firing")) return "firing";
    return here.length > 0 ? "pending" : "quiet";
  });
  const line = states.map((state) =>
    state === "firing" ? style.red("█") : state === "pending" ? style.yellow("▒") : style.dim("·"),
  );
  const [left, right] = [localTime(from).slice(0, 16), localTime(until).slice(0, 16)];
  return [
    line.join(""),
    style.dim(left + " ".repeat(Math.max(1, columns - left.length - right.length)) + right),
  ];
}

function episodeRows({ episodes, until, heldBack }: BacktestAnswer, style: Style): string[] {
  const rows = episodes.slice(0, mostRows).map(({ fingerprint, severity, summary, ...one }) => {
    const ends = one.resolvedAt ?? until;
    const lasted = `${roughly(ends - one.firingSince)}${one.resolvedAt === undefined ? ", still" : ""}`;
    const held = heldBack.find(
      (each) => each.at >= one.firingSince && each.at <= ends && each.fingerprint === fingerprint,
    );
    return [
      localTime(one.firingSince),
      lasted,
      paintSeverity(severity, severity, style),
      printable(summary) +
        (held ? style.dim(held.silencedBy.length > 0 ? "  (silenced)" : "  (held back)") : ""),
    ];
  });
  return [...alignColumns(rows, "  "), ...more(episodes.length)];
}

function toldRows({ told }: BacktestAnswer, style: Style): string[] {
  const rows = told
    .slice(0, mostRows)
    .map(({ at, receiver, reason, firing, resolved, asked }) => [
      localTime(at),
      parseAddress(receiver).name,
      reason,
      [firing > 0 && `${firing} firing`, resolved > 0 && `${resolved} resolved`].filter(Boolean).join(", "),
      asked.people.length > 0
        ? asked.people.map(({ person, because }) => `${style.bold(person)} (${because})`).join(", ")
        : asked.channels.join(", "),
    ]);
  return [...alignColumns(rows, "  "), ...more(told.length)];
}

const more = (all: number) => (all > mostRows ? [`  … and ${all - mostRows} more (--json tells all)`] : []);

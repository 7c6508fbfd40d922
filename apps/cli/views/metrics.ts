import type { CardinalityAnswer, DeletedAnswer, RetentionAnswer, UnusedAnswer } from "../api/telemetry.ts";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import { count } from "./words.ts";

/** What series are many of, the most first. */
export function cardinalityView(
  { series, names, labels, targets, releases }: CardinalityAnswer,
  style: Style,
): string {
  const lines = [style.bold(count(series, "series", "series"))];
  const section = (title: string, rows: string[][]) => {
    if (rows.length > 0) lines.push("", style.bold(title), ...alignColumns(rows, "  "));
  };
  const many = (number: number) => count(number, "series", "series");
  section(
    "Names",
    names.map(({ value, series: own }) => [printable(value), many(own)]),
  );
  section(
    "Labels, by how many values they have",
    labels.map(({ value, values, series: own }) => [printable(value), count(values, "value"), many(own)]),
  );
  section(
    "Targets",
    targets.map(({ environment, job, instance, series: own }) => [
      ...[environment, job, instance].map((text) => printable(text) || "-"),
      many(own),
    ]),
  );
  section(
    "Deploys",
    releases.map(({ environment, service, release, series: own }) => [
      ...[environment, service, release].map((text) => printable(text) || "-"),
      many(own),
    ]),
  );
  return lines.join("\n");
}

/** What would go, or went. */
export function deletionView({ series, samples, histograms, names }: DeletedAnswer, style: Style): string {
  if (series === 0) return "No series matches.";
  const all = `${count(series, "series", "series")}, ${count(samples + histograms, "sample")}`;
  const rows = names.map(({ value, series: own }) => [printable(value), count(own, "series", "series")]);
  return [style.bold(all), ...alignColumns(rows, "  ")].join("\n");
}

const kinds: Readonly<Record<string, string>> = { raw: "samples", "5m": "five minutes", "1h": "hours" };

/** How long what is kept, and how large it is. */
export function retentionView(
  { otherwise, rules, stored, rolledUntil }: RetentionAnswer,
  style: Style,
): string {
  const row = (what: string, { keep, fiveMinutes, hours }: RetentionAnswer["otherwise"], more: string) => {
    const tier = (text: string) => (text === "0s" ? "-" : text);
    return [what, keep, tier(fiveMinutes), tier(hours), more];
  };
  const day = (at: number | null) => (at === null ? "" : `since ${new Date(at).toISOString().slice(0, 10)}`);
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const lines = [
    style.bold("Kept"),
    ...alignColumns(
      [
        ["", "samples", "5 minutes", "hours", ""],
        ...rules.map((rule) =>
          row(printable(`${rule.address} ${rule.match}`), rule, count(rule.series, "series", "series")),
        ),
        row("everything else", otherwise, ""),
      ],
      "  ",
    ),
    "",
    style.bold("On disk"),
    ...alignColumns(
      stored.map(({ what, rows, bytes, from }) => [
        kinds[what] ?? what,
        count(rows, "row"),
        megabytes(bytes),
        day(from),
      ]),
      "  ",
    ),
  ];
  if (rolledUntil !== null) lines.push("", `Rolled up until ${new Date(rolledUntil).toISOString()}.`);
  return lines.join("\n");
}

/** What nothing asks for. */
export function unusedView({ since, metrics, series, unused, more }: UnusedAnswer, style: Style): string {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const followed = `Questions are followed since ${day(since)}.`;
  if (unused.length === 0) return `All of ${count(metrics, "metric")} are in use. ${followed}`;
  const rows = unused.map(({ name, series: own, lastAskedAt }) => [
    printable(name),
    count(own, "series", "series"),
    lastAskedAt === null ? "never asked for" : `last asked for on ${day(lastAskedAt)}`,
  ]);
  const total = `${count(unused.length + more, "metric")} of ${metrics}, ${count(series, "series", "series")}`;
  return [
    style.bold(total),
    ...alignColumns(rows, "  "),
    ...(more > 0 ? [`  … and ${more} more: --limit`] : []),
    "",
    followed,
  ].join("\n");
}

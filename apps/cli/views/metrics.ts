import type { CardinalityAnswer, DeletedAnswer } from "../api/telemetry.ts";
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

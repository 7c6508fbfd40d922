import { formatDuration } from "@havn/model";
import type { RelabelAnswer, TargetsAnswer } from "../api/telemetry.ts";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago, count } from "./words.ts";

/** What the control plane scrapes, job by job. */
export function targetsView({ targets, jobs }: TargetsAnswer, context: ViewContext): string {
  const { style } = context;
  if (jobs.length === 0)
    return 'The control plane scrapes nothing. Declare it: prometheus("./prometheus.yml") or scrape("name", { … }).';
  return jobs
    .map(({ environment, job, active, dropped, faults }) => {
      const own = targets.filter((target) => target.environment === environment && target.job === job);
      const left = dropped > 0 ? `, ${dropped} dropped` : "";
      return [
        `${style.bold(`${environment}/${job}`)}  ${count(active, "target")}${left}`,
        ...faults.map((fault) => `  ${style.red("✗")} ${printable(fault)}`),
        ...alignColumns(
          own.map((target) => targetRow(target, context)),
          "  ",
        ),
      ].join("\n");
    })
    .join("\n\n");
}

function targetRow(target: TargetsAnswer["targets"][number], { style, now }: ViewContext): string[] {
  const mark = { up: style.green("●"), down: style.red("✗"), unknown: style.dim("○") }[target.health];
  const seen = target.lastScrape === null ? "not scraped yet" : ago(target.lastScrape, now);
  const took =
    target.lastScrape === null
      ? ""
      : `${count(target.samples, "sample")} in ${Math.round(target.durationMs)} ms`;
  return [
    `${mark} ${printable(target.labels.instance ?? "")}`,
    printable(target.url),
    `${seen}, every ${formatDuration(target.intervalMs)}`,
    target.lastError === "" ? took : style.red(printable(target.lastError)),
  ];
}

/** What each relabelling rule did to a target's labels. */
export function relabelView({ previews }: RelabelAnswer, style: Style): string {
  return previews
    .map(({ environment, job, discovered, steps, outcome, why, labels }) => {
      const end =
        outcome === "dropped"
          ? style.red(`dropped: ${printable(why)}`)
          : style.green("scraped with these labels");
      return [
        style.bold(`${environment}/${job}  ${printable(discovered.__address__ ?? "")}`),
        "discovered",
        ...labelLines(discovered),
        ...steps.flatMap((step, at) => stepLines(step, at + 1, style)),
        end,
        ...labelLines(labels ?? {}),
      ].join("\n");
    })
    .join("\n\n");
}

const labelLines = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `    ${printable(name)}=${JSON.stringify(printable(value))}`);

function stepLines(
  { rule, before, after, note }: RelabelAnswer["previews"][number]["steps"][number],
  number: number,
  style: Style,
): string[] {
  const shown = Object.entries(rule).map(
    ([key, value]) => `${key}: ${printable(JSON.stringify(value) ?? "")}`,
  );
  const lines = [`${number}. ${shown.join(", ")}`];
  if (note !== "") lines.push(`    ${style.dim(printable(note))}`);
  if (!after) return lines;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  for (const name of names) {
    if (before[name] === after[name]) continue;
    if (before[name] !== undefined)
      lines.push(style.red(`  - ${printable(name)}=${JSON.stringify(printable(before[name]))}`));
    if (after[name] !== undefined)
      lines.push(style.green(`  + ${printable(name)}=${JSON.stringify(printable(after[name]))}`));
  }
  return lines;
}

import type { PropertyChange } from "@havn/model";
import type { ResourceDifference } from "@havn/plan";
import type { RunningDifferences } from "../flows/compare.ts";
import { printable, type Style } from "../kit/style.ts";

export interface Differences {
  before: string;
  after: string;
  declared?: ResourceDifference[] | undefined;
  running?: RunningDifferences | undefined;
}

export function differencesView({ before, after, declared, running }: Differences, style: Style): string {
  const names = { before, after };
  const part = (title: string, lines: string[]) => [
    style.bold(title),
    ...(lines.length === 0 ? [style.dim("  no difference")] : lines),
  ];
  return [
    ...(declared ? part("Declared", resourceLines(declared, names, style)) : []),
    ...(running
      ? [
          ...part("Running", [
            ...resourceLines(running.resources, names, style),
            ...running.releases.map(
              ({ service, before: a, after: b }) =>
                `  ${style.yellow("~")} release of ${service}: ${short(a)} in ${before}, ${short(b)} in ${after}`,
            ),
          ]),
          ...running.drift.map(
            ({ address, properties }) =>
              `  ${style.yellow("!")} ${printable(address)} is not as it was applied: ${properties.join(", ")}`,
          ),
        ]
      : []),
  ].join("\n");
}

const short = (release: string | undefined): string => release?.slice(0, 12) ?? "none";

function resourceLines(
  differences: readonly ResourceDifference[],
  { before, after }: { before: string; after: string },
  style: Style,
): string[] {
  const linesOf = ({ resource, kind, changes }: ResourceDifference): string[] => {
    const name = printable(resource);
    switch (kind) {
      case "only-before":
        return [`  ${style.red("-")} ${name} is in ${before} only`];
      case "only-after":
        return [`  ${style.green("+")} ${name} is in ${after} only`];
      case "differs":
        return [`  ${style.yellow("~")} ${name}`, ...changes.flatMap((change) => changeLines(change))];
    }
  };
  return differences.flatMap(linesOf);
}

function changeLines({ property, before, after, diff }: PropertyChange): string[] {
  if (diff === undefined) return [`      ${property}: ${shown(before)} → ${shown(after)}`];
  return [
    `      ${property}:`,
    ...diff
      .trimEnd()
      .split("\n")
      .map((line) => `        ${printable(line)}`),
  ];
}

const shown = (value: unknown): string => (value === undefined ? "none" : printable(JSON.stringify(value)));

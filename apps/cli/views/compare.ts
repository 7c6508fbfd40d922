import type { PropertyChange } from "@havn/model";
import type { Promotion, PromotionChange, PromotionStep, ResourceDifference } from "@havn/plan";
import type { FactDifference, RunningDifferences } from "../flows/compare.ts";
import { printable, type Style } from "../kit/style.ts";
import { bytes } from "./words.ts";

export interface Differences {
  before: string;
  after: string;
  declared?: ResourceDifference[] | undefined;
  running?: RunningDifferences | undefined;
  /** Of the two, those of which nothing runs. */
  neverApplied?: string[];
  /** What brings `after` to where `before` is. */
  promotion?: Promotion;
}

export function differencesView(
  { before, after, declared, running, neverApplied = [], promotion }: Differences,
  style: Style,
): string {
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
            ...running.facts.map((fact) => `  ${style.yellow("~")} ${factLine(fact, names)}`),
          ]),
          ...running.drift.map(
            ({ address, properties }) =>
              `  ${style.yellow("!")} ${printable(address)} is not as it was applied: ${properties.join(", ")}`,
          ),
        ]
      : []),
    ...(neverApplied.length > 0
      ? [
          style.bold("Running"),
          ...neverApplied.map((name) => `  ${name} was never applied: nothing of it runs`),
        ]
      : []),
    ...(promotion ? promotionLines(promotion, names, style) : []),
  ].join("\n");
}

function factLine({ host, fact, ...values }: FactDifference, { before, after }: Names): string {
  const text = (value: string | number) =>
    printable(fact === "memory" ? bytes(Number(value)) : String(value));
  return `${fact} of ${host}: ${text(values.before)} in ${before}, ${text(values.after)} in ${after}`;
}

function promotionLines({ steps, stays }: Promotion, { before, after }: Names, style: Style): string[] {
  return [
    style.bold(`To bring ${after} to ${before}`),
    ...(steps.length === 0 ? [style.dim("  nothing: both run what is declared for them")] : []),
    ...steps.flatMap((step, index) => stepLines(step, index + 1, style)),
    ...(stays.length > 0
      ? ["  Declared differently, so it stays:", ...stays.map((change) => changeLine(change, style))]
      : []),
  ];
}

function stepLines(step: PromotionStep, number: number, style: Style): string[] {
  switch (step.kind) {
    case "mend":
      return [
        `  ${number}. ${printable(step.address)} is not as it was applied (${step.properties.join(", ")}): take it over into the ` +
          `configuration, or let \`havn apply -e ${step.environment}\` put it back`,
      ];
    case "apply":
      return [
        `  ${number}. \`havn apply -e ${step.environment}\` brings`,
        ...step.changes.map((change) => changeLine(change, style)),
      ];
  }
}

function changeLine({ resource, action, properties }: PromotionChange, style: Style): string {
  const marks = { create: style.green("+"), update: style.yellow("~"), delete: style.red("-") };
  const what = properties.length > 0 ? ` (${properties.join(", ")})` : "";
  return `     ${marks[action]} ${printable(resource)}${what}`;
}

const short = (release: string | undefined): string => release?.slice(0, 12) ?? "none";

interface Names {
  before: string;
  after: string;
}

function resourceLines(
  differences: readonly ResourceDifference[],
  { before, after }: Names,
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

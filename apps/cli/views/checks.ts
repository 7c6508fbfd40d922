import { type CheckResult, type CheckView, parseAddress } from "@havn/model";
import type { CheckExplanation } from "../api/checks.ts";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import { ago, roughly } from "./words.ts";

interface ViewContext {
  style: Style;
  now: number;
}

const order: Record<CheckResult["state"], number> = { critical: 0, unknown: 1, warning: 2, ok: 4 };
const rank = ({ result }: CheckView): number => (result ? order[result.state] : 3);

export function paintCheckState(state: CheckResult["state"], style: Style): string {
  switch (state) {
    case "ok":
      return style.green("OK");
    case "warning":
      return style.yellow("WARNING");
    case "critical":
      return style.red("CRITICAL");
    case "unknown":
      return style.yellow("UNKNOWN");
  }
}

/** What is wrong first; then by name. */
export function checksView(checks: readonly CheckView[], { style, now }: ViewContext): string {
  const rows = [...checks]
    .sort((a, b) => rank(a) - rank(b) || (a.address < b.address ? -1 : 1))
    .map((view) => [
      stateOf(view, style),
      style.bold(view.name),
      view.environment,
      view.from === undefined ? "" : parseAddress(view.from).name,
      view.result ? `for ${roughly(now - view.result.since)}` : "",
      nextOf(view, now),
      style.dim(printable(view.result?.output ?? "").slice(0, 100)),
    ]);
  const head = ["STATE", "CHECK", "ENVIRONMENT", "FROM", "SINCE", "NEXT", "LAST OUTPUT"].map(style.dim);
  return alignColumns([head, ...rows]).join("\n");
}

function stateOf({ result, unreachable }: CheckView, style: Style): string {
  if (!result) return style.dim("PENDING");
  if (unreachable.length > 0) return style.yellow("UNREACHABLE");
  const soft = result.hard ? "" : style.dim(` (attempt ${result.attempt})`);
  return `${paintCheckState(result.state, style)}${soft}${result.flapping ? style.yellow(" flapping") : ""}`;
}

function nextOf({ result, kind }: CheckView, now: number): string {
  if (kind === "passive" || kind === "heartbeat") return "is told";
  if (result?.nextAt === undefined) return "";
  return result.nextAt <= now ? "now" : `in ${roughly(result.nextAt - now)}`;
}

export function checkExplained(
  { view, properties, dependsOn, heartbeat }: CheckExplanation,
  { style, now }: ViewContext,
): string {
  const { result } = view;
  const names = (addresses: readonly string[]) => addresses.map((one) => parseAddress(one).name).join(", ");
  const rows: [string, string][] = [
    ["state", stateOf(view, style)],
    ["asked by", view.from === undefined ? "the control plane" : parseAddress(view.from).name],
    ["every", view.interval],
    ["next", nextOf(view, now)],
  ];
  if (result)
    rows.push(
      ["output", printable(result.output)],
      ["last result", `${ago(result.at, now)}, it took ${result.durationMs} ms`],
      [
        "believed",
        `${result.hardState}, for ${roughly(now - result.hardSince)}${result.hard ? "" : `; ${result.state} at attempt ${result.attempt} of ${String(properties["attempts"])} is not yet`}`,
      ],
      [
        "change",
        `${result.flapPercent.toFixed(1)} % over the last 21 results${result.flapping ? ": it flaps" : ""}`,
      ],
    );
  if (view.unreachable.length > 0)
    rows.push(["lies behind", `${names(view.unreachable)}: nobody is told of it`]);
  if (dependsOn.length > 0) rows.push(["depends on", `${names(dependsOn)}: nobody is told of it`]);
  if (heartbeat !== undefined)
    rows.push(["the job pings", `${heartbeat} (GET or POST; /start and /fail at its end)`]);
  const declared = JSON.stringify(properties, undefined, 2)
    .split("\n")
    .map((line) => `  ${line}`);
  return [
    style.bold(view.address),
    ...alignColumns(
      rows.filter(([, value]) => value !== "").map(([name, value]) => [style.dim(name), value]),
      "  ",
    ),
    ...(result?.long
      ? [
          "",
          ...printable(result.long)
            .split("\n")
            .map((line) => `  ${line}`),
        ]
      : []),
    "",
    style.dim("  declared"),
    ...declared,
  ].join("\n");
}

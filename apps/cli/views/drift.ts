import type { DriftAnswer } from "../api/schemas.ts";
import { printable } from "../kit/style.ts";
import { propertyLines } from "./plan.ts";
import type { ViewContext } from "./status.ts";
import { ago, count } from "./words.ts";

/** What differs on hosts from what was applied. */
export function driftView(
  environment: string,
  { drift, checkedAt }: DriftAnswer,
  { style, now }: ViewContext,
): string {
  const checked = checkedAt ? `checked ${ago(checkedAt, now)}` : "not checked yet";
  if (drift.length === 0) return `${style.green("No drift")} in ${style.bold(environment)} (${checked}).`;
  return [
    `${style.yellow(`${count(drift.length, "resource")} of ${environment}`)} ${
      drift.length === 1 ? "differs" : "differ"
    } from what was applied (${checked}):`,
    "",
    ...drift.flatMap(({ address, changes, error, since, evidence = [] }) => [
      `  ${style.yellow("~")} ${style.bold(address)}${since === undefined ? "" : ` (seen ${ago(since, now)})`}`,
      ...(error ? [`      ${style.red(printable(error))}`] : []),
      ...changes.flatMap((change) => propertyLines(change, "update", style)),
      // What stands near the change in the host's records: a hint, no proof.
      ...evidence.map((text) => `      ${style.dim(`near it: ${printable(text)}`)}`),
      "",
    ]),
    "`havn apply` mends it.",
  ].join("\n");
}

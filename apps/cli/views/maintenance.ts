import { parseAddress } from "@havn/model";
import type { MaintenanceAnswer } from "../api/schemas.ts";
import { alignColumns, printable } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { localTime } from "./words.ts";

export function maintenanceView(
  { maintenance, declared }: MaintenanceAnswer,
  { style, now }: ViewContext,
): string {
  if (maintenance.length + declared.length === 0)
    return "Nowhere. Begin with `havn maintenance start HOST|ENVIRONMENT --for 2h --reason …`.";
  const head = ["ID", "WHERE", "WHEN", "WHO", "WHY"].map(style.bold);
  const begun = maintenance.map(({ id, environment, host, until, actor, reason, match, next: [next] }) => [
    id,
    [host === null ? environment : `${environment}/${parseAddress(host).name}`, ...match.map(printable)].join(
      " ",
    ),
    next ? `${localTime(next.from)} to ${localTime(next.until)}, and again` : `until ${localTime(until)}`,
    printable(actor),
    printable(reason),
  ]);
  const windows = declared.map(
    ({ environment, name, of, match, reason, when, for: length, next: [next] }) => [
      `(declared: ${name})`,
      [
        of === null ? environment : of.map((one) => `${environment}/${parseAddress(one).name}`).join(", "),
        ...match.map(printable),
      ].join(" "),
      !next
        ? "never again"
        : next.from <= now
          ? style.yellow(`open until ${localTime(next.until)}`)
          : `${localTime(next.from)} to ${localTime(next.until)}`,
      "",
      printable(`${reason} (${when}, ${length})`),
    ],
  );
  return alignColumns([head, ...begun, ...windows]).join("\n");
}

/** When it is open, before it is begun. */
export const openingsView = (next: readonly { from: number; until: number }[]): string =>
  next.length === 0
    ? "It never comes."
    : [
        "It is open next:",
        ...next.map(({ from, until }) => `  ${localTime(from)} to ${localTime(until)}`),
      ].join("\n");

import type { ChannelView, ReceiverPreview, ReceiverTest, ReceiverView } from "@havn/model";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago } from "./words.ts";

export function receiversView(receivers: readonly ReceiverView[], { style, now }: ViewContext): string {
  if (receivers.length === 0) return "There is no receiver. Declare one with receiver(…) in havn.config.ts.";
  const head = ["RECEIVER", "CHANNELS", "ASKS FIRST", "TRIED"].map(style.bold);
  const rows = receivers.map((one) => [
    printable(`${one.environment}/${one.name}`),
    printable(one.channels.map(channelWords).join(", ")) || "-",
    printable(one.people.map(({ person }) => person).join(", ")) ||
      (one.escalation === undefined ? "-" : style.yellow(`nobody: ${printable(one.escalation)}`)),
    triedWords(one.tests[0], { style, now }),
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

const channelWords = ({ kind, to }: ChannelView): string => (to === "" ? kind : `${kind} ${to}`);

function triedWords(test: ReceiverTest | undefined, { style, now }: ViewContext): string {
  if (!test) return "never";
  const failed = test.attempts.filter(({ accepted }) => !accepted).length;
  const words = failed === 0 ? style.green("well") : style.red(`${failed} of ${test.attempts.length} failed`);
  return `${words}, ${ago(test.at, now)}`;
}

export function receiverPreviewView(preview: ReceiverPreview, { style }: { style: Style }): string {
  const of = {
    group: "With what a route tells it of now",
    alert: "With an alert that no route tells it of",
    example: "With an example: no alert of its route is there now",
  }[preview.source];
  return [
    ...preview.faults.map(({ field, line, column, summary }) =>
      style.red(`✗ ${field}:${line}:${column}  ${printable(summary)}`),
    ),
    ...(preview.empty.length > 0
      ? [style.yellow(`! empty here: ${preview.empty.map((name) => `labels.${name}`).join(", ")}`)]
      : []),
    `${of}${preview.alerts.length > 1 ? ` (${preview.alerts.length} alerts)` : ""}:`,
    "",
    style.bold(printable(preview.subject)),
    ...preview.text.split("\n").map(printable),
  ].join("\n");
}

export function receiverTestView(test: ReceiverTest, { style }: { style: Style }): string {
  if (test.attempts.length === 0) return style.yellow("It has no channel, and nobody would be asked now.");
  const rows = test.attempts.map((one) => [
    one.accepted ? style.green("✓ taken") : style.red("✗ failed"),
    printable(channelWords({ kind: one.channel, to: one.to })),
    printable(one.person ?? ""),
    `${one.took} ms`,
    printable(one.detail),
  ]);
  return [style.bold(printable(test.subject)), ...alignColumns(rows)].join("\n");
}

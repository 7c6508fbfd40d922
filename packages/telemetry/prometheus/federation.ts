import type { Labels } from "@havn/model";
import { formatValue } from "@havn/promql";
import type { Metadata } from "../metrics/batch.ts";

/** Samples as Prometheus' text format 0.0.4, each name together and with its type. */
export function formatFamilies(
  samples: readonly { labels: Labels; timestamp: number; value: number }[],
  metadata: readonly Metadata[],
): string {
  const types = new Map(metadata.map(({ name, type }) => [name, type]));
  const names = Map.groupBy(samples, ({ labels }) => labels.__name__ ?? "");
  return [...names.keys()]
    .sort()
    .map((name) => {
      const lines = (names.get(name) ?? []).map(({ labels: { __name__, ...labels }, timestamp, value }) => {
        const inside = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
        return `${name}{${inside.join(",")}} ${formatValue(value)} ${timestamp}\n`;
      });
      const type = types.get(name);
      const known = type === "counter" || type === "gauge" ? type : "untyped";
      return `# TYPE ${name} ${known}\n${lines.join("")}`;
    })
    .join("");
}

const escaped = (text: string) =>
  text.replace(/["\\\n]/g, (letter) => (letter === "\n" ? "\\n" : `\\${letter}`));

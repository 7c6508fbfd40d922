import type { QueryAnswer } from "../api/schemas.ts";
import { alignColumns, pad, printable, type Style, width } from "../kit/style.ts";
import { count } from "./words.ts";

/** An answer to a PromQL query, as a table; series over time as a line of blocks. Below it, where samples alone did not give it. */
export function queryView({ data, tiers }: QueryAnswer, style: Style, columns: number): string {
  const stands = standsOn(tiers);
  return [resultView(data, style, columns), ...(stands ? [style.dim(stands)] : [])].join("\n");
}

/** What an answer stands on, in words; undefined where that is samples alone. */
export function standsOn(tiers: QueryAnswer["tiers"] = []): string | undefined {
  const kept = tiers.filter(({ resolution }) => resolution !== "raw");
  if (kept.length === 0) return undefined;
  const parts = [
    ...(kept.length < tiers.length ? ["samples"] : []),
    ...kept.map(({ resolution }) => `what is kept of each ${resolution}`),
  ];
  const exact = kept.every((tier) => tier.exact);
  return `From ${parts.join(" and ")}${exact ? ", which gives what samples would." : ": samples that this asks for are gone."}`;
}

function resultView(data: QueryAnswer["data"], style: Style, columns: number): string {
  switch (data.resultType) {
    case "scalar":
    case "string":
      return data.result[1];
    case "vector": {
      if (data.result.length === 0) return style.dim("No series matches.");
      const rows = data.result.map(({ metric, value }) => [seriesName(metric, style), style.bold(value[1])]);
      return alignColumns(rows).join("\n");
    }
    case "matrix":
      if (data.result.length === 0) return style.dim("No series has samples in that range.");
      return data.result.map(({ metric, values }) => lineOf(metric, values, style, columns)).join("\n");
  }
}

/** As PromQL writes it: `name{label="value"}`. */
function seriesName(metric: Record<string, string>, style: Style): string {
  const { __name__: name = "", ...labels } = metric;
  const inside = Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(printable(value))}`)
    .join(", ");
  return `${name}${inside === "" && name !== "" ? "" : style.dim(`{${inside}}`)}`;
}

function lineOf(
  metric: Record<string, string>,
  points: readonly (readonly [number, string])[],
  style: Style,
  columns: number,
): string {
  const values = points.map(([, value]) => Number(value));
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const last = points.at(-1)?.[1] ?? "";
  const facts =
    finite.length === 0
      ? count(points.length, "point")
      : `min ${short(low)}  max ${short(high)}  last ${short(Number(last))}`;
  const room = Math.max(10, Math.min(60, columns - width(facts) - 4));
  return [
    seriesName(metric, style),
    `  ${style.cyan(pad(sparkline(values, room), Math.min(room, values.length)))}  ${facts}`,
  ].join("\n");
}

const blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Values as blocks from the lowest to the highest; several to one where there is no room for all (their mean). */
export function sparkline(values: readonly number[], room: number): string {
  const size = Math.max(1, Math.ceil(values.length / room));
  const means: number[] = [];
  for (let index = 0; index < values.length; index += size) {
    const group = values.slice(index, index + size).filter(Number.isFinite);
    means.push(group.length === 0 ? Number.NaN : group.reduce((sum, value) => sum + value, 0) / group.length);
  }
  const finite = means.filter(Number.isFinite);
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low;
  return means
    .map((mean) => {
      if (!Number.isFinite(mean)) return " ";
      return span === 0 ? "▄" : (blocks[Math.min(7, Math.floor(((mean - low) / span) * 8))] ?? " ");
    })
    .join("");
}

const short = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);

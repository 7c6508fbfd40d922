import { labelPart, metricPart } from "../influx/parse.ts";

export interface GraphitePoint {
  name: string;
  /** Names and values in turn. */
  labels: string[];
  value: number;
  /** Milliseconds; undefined for "now". */
  time: number | undefined;
}

/**
 * Graphite's plain text: `path value time`, seconds since the epoch, -1 or nothing for now; tags as `path;name=value`. Dots
 * and whatever no name of a metric may hold become underscores. Undefined for empty lines; throws a TypeError.
 */
export function parseGraphiteLine(line: string): GraphitePoint | undefined {
  const text = line.trim();
  if (text === "") return undefined;
  const [path = "", value = "", time = "-1", ...rest] = text.split(/\s+/);
  const number = Number(value);
  const seconds = Number(time);
  if (rest.length > 0 || value === "" || !(Number.isFinite(number) || value.toLowerCase() === "nan"))
    throw new TypeError(`"${text.slice(0, 80)}" is not PATH VALUE TIME`);
  if (!Number.isFinite(seconds)) throw new TypeError(`"${time.slice(0, 40)}" is no time`);
  const [head = "", ...tags] = path.split(";");
  const labels = new Map<string, string>();
  for (const tag of tags) {
    const at = tag.indexOf("=");
    if (at < 1) throw new TypeError(`"${tag.slice(0, 40)}" is not NAME=VALUE`);
    labels.set(labelPart(tag.slice(0, at)), tag.slice(at + 1));
  }
  const name = metricPart(head);
  return {
    name,
    labels: [...labels].flat(),
    value: number,
    time: seconds === -1 ? undefined : seconds * 1000,
  };
}

import { labelPart, metricPart } from "../influx/parse.ts";

export type StatsdType = "counter" | "gauge" | "timer" | "set";

export interface StatsdMetric {
  name: string;
  type: StatsdType;
  /** Names and values by name. */
  tags: Readonly<Record<string, string>>;
  /** As written: a sign makes a gauge's value a difference, a set takes any text. */
  values: string[];
  /** How much of what happened was told: 1 is all. */
  rate: number;
  /** What a value is multiplied with: timers come in milliseconds and are kept in seconds. */
  scale: number;
}

const types: Readonly<Record<string, StatsdType>> = {
  ...{ c: "counter", g: "gauge", ms: "timer", h: "timer", d: "timer", s: "set" },
};

/**
 * One line of StatsD or DogStatsD: `name:value|type|@rate|#tag:value,…`, also with several values. Undefined for empty lines
 * and for events and service checks, which are no metrics. Throws a TypeError.
 */
export function parseStatsdLine(line: string): StatsdMetric | undefined {
  const text = line.trim();
  if (text === "" || text.startsWith("_e{") || text.startsWith("_sc|")) return undefined;
  const [head = "", word = "", ...sections] = text.split("|");
  const [rawName = "", ...values] = head.split(":");
  const [name = "", ...nameTags] = rawName.split(/[,;]/);
  const type = types[word];
  if (name === "" || values.length === 0 || !type) throw new TypeError("it is not NAME:VALUE|TYPE");
  if (type !== "set")
    for (const value of values)
      if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(value))
        throw new TypeError("its value is no number");
  let rate = 1;
  const tags: Record<string, string> = Object.create(null);
  // Telegraf's and Librato's form: tags behind the name.
  for (const tag of nameTags) addTag(tags, tag, "=");
  for (const section of sections)
    if (section.startsWith("@")) rate = Number(section.slice(1));
    else if (section.startsWith("#")) for (const tag of section.slice(1).split(",")) addTag(tags, tag, ":");
  if (!(rate > 0 && rate <= 1)) throw new TypeError("its rate is not between 0 and 1");
  return { name: metricPart(name), type, tags, values, rate, scale: word === "ms" ? 0.001 : 1 };
}

function addTag(tags: Record<string, string>, text: string, mark: string): void {
  const at = text.indexOf(mark);
  const name = labelPart(at < 0 ? text : text.slice(0, at));
  if (name !== "") tags[name] = at < 0 ? "true" : text.slice(at + 1);
}

/** What the reader has chosen for a variable. */
export interface Chosen {
  /** As in the address; `$__all` stands for all. */
  values: readonly string[];
  /** Everything there is to choose from, for `$__all`. */
  options?: readonly string[] | undefined;
  /** What goes into expressions for all, instead of every option. */
  allValue?: string | undefined;
  /** May hold several values: then they are quoted for regular expressions. */
  several?: boolean | undefined;
  /** How values read, where that is not what they are. */
  texts?: ReadonlyMap<string, string> | undefined;
}
export type Variables = ReadonlyMap<string, Chosen>;

export const all = "$__all";

const reference = /\$(\w+)|\$\{(\w+)(?:\.[^:^}]+)?(?::([^}]+))?\}|\[\[(\w+?)(?::(\w+))?\]\]/g;

/** `$name`, `${name}`, `${name:format}` and `[[name]]`, as Grafana writes them, filled in; unknown ones stay. */
export function fillIn(text: string, variables: Variables, usual: "promql" | "text" = "promql"): string {
  return text.replace(reference, (whole, ...found: (string | number | undefined)[]) => {
    const [plain, braced, format, bracketed, old, at] = found;
    const chosen = variables.get(String(plain ?? braced ?? bracketed ?? ""));
    if (!chosen) return whole;
    const raw = text.slice(0, Number(at)).split("`").length % 2 === 0;
    return written(chosen, String(format ?? old ?? usual), raw ? String : inString);
  });
}

/** Names of the variables that a text uses. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(reference)].map(
    ([, plain, braced, , bracketed]) => plain ?? braced ?? bracketed ?? "",
  );
}

/** Every value that is chosen, `$__all` resolved. */
export const valuesOf = ({ values, options = [] }: Chosen): readonly string[] =>
  values.includes(all) ? options : values;

/** `quote`: for the kind of string that it stands in. */
function written(chosen: Chosen, format: string, quote: (value: string) => string): string {
  const everything = chosen.values.includes(all);
  if (format === "text")
    return everything ? "All" : chosen.values.map((value) => chosen.texts?.get(value) ?? value).join(" + ");
  if (everything && chosen.allValue !== undefined) return chosen.allValue;
  const values = valuesOf(chosen);
  const formatted = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (formatted) return formatted(values);
  if (!chosen.several && format !== "regex") return quote(values[0] ?? "");
  const quoted = values.map((value) => quote(quoteRegex(value)));
  return quoted.length === 1 ? (quoted[0] ?? "") : `(${quoted.join("|")})`;
}

const quoteRegex = (value: string) => value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
/** What stands inside of PromQL's quotes. */
const inString = (value: string) => value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
const joined =
  (separator: string, each: (value: string) => string = String) =>
  (values: readonly string[]) =>
    values.map(each).join(separator);

const formats: Record<string, (values: readonly string[]) => string> = {
  raw: joined(","),
  csv: joined(","),
  pipe: joined("|"),
  glob: (values) => (values.length === 1 ? (values[0] ?? "") : `{${values.join(",")}}`),
  json: (values) => JSON.stringify(values),
  doublequote: joined(",", (value) => JSON.stringify(value)),
  singlequote: joined(",", (value) => `'${value.replace(/'/g, "\\'")}'`),
  sqlstring: joined(",", (value) => `'${value.replace(/'/g, "''")}'`),
  percentencode: joined(",", encodeURIComponent),
  queryparam: joined("&", encodeURIComponent),
};

/** What expressions take from the range: `$__interval`, `$__rate_interval`, `$__range` and their kin. Times in seconds. */
export function rangeVariables(
  window: { start: number; end: number; step: number },
  write: (seconds: number) => string,
  scrapeSeconds = 15,
): [string, Chosen][] {
  const range = window.end - window.start;
  const rate = Math.max(window.step + scrapeSeconds, 4 * scrapeSeconds);
  const one = (name: string, value: string): [string, Chosen] => [name, { values: [value] }];
  return [
    one("__interval", write(window.step)),
    one("__interval_ms", String(Math.round(window.step * 1000))),
    one("__rate_interval", write(rate)),
    one("__range", write(range)),
    one("__range_s", String(Math.round(range))),
    one("__range_ms", String(Math.round(range * 1000))),
    one("__from", String(Math.round(window.start * 1000))),
    one("__to", String(Math.round(window.end * 1000))),
  ];
}

import { HavnError } from "@havn/model";

/**
 * Parses what a `/metrics` endpoint answers: Prometheus' text exposition format 0.0.4 and OpenMetrics text 1.0.
 * https://prometheus.io/docs/instrumenting/exposition_formats and https://prometheus.io/docs/specs/om/open_metrics_spec
 */
export interface ExposedSample {
  name: string;
  /** In the order that they were written. */
  labels: [name: string, value: string][];
  value: number;
  /** Milliseconds since the epoch, where the endpoint gave a time. */
  timestamp: number | undefined;
  /** Of what the sample counts; OpenMetrics only. */
  exemplar?: Exemplar;
}

export interface Exemplar {
  labels: [name: string, value: string][];
  value: number;
  /** Milliseconds since the epoch. */
  timestamp: number | undefined;
}

export interface MetricFamily {
  type: string;
  help: string;
  unit: string;
}

export interface Exposition {
  samples: ExposedSample[];
  /** By name of the family, which for counters and histograms is not that of the samples. */
  families: Map<string, MetricFamily>;
}

/** `line` counts from 1. What is written there is not told: an answer that is no metrics may hold what is secret. */
export class ExpositionError extends HavnError {
  readonly line: number;

  constructor(line: number, what: string) {
    super(`Line ${line} of the metrics: ${what}`, {
      status: 400,
      detail: "Correct what the endpoint writes; none of its samples was taken.",
    });
    this.line = line;
  }
}

export interface ExpositionOptions {
  openMetrics?: boolean;
  /** Of samples, and of families; beyond it an ExpositionError. */
  most?: number;
}

export function parseExposition(bytes: Uint8Array, options: ExpositionOptions = {}): Exposition {
  return new Parser(decode(bytes), options).parse();
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const valid = new TextDecoder().decode(bytes);
    const bad = valid.indexOf("\ufffd");
    throw new ExpositionError(valid.slice(0, bad).split("\n").length, "is not UTF-8");
  }
}

const space = 0x20;
const tab = 0x09;
const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const nameStart = /[a-zA-Z_:]/;
const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelName = /[a-zA-Z_][a-zA-Z0-9_]*/y;
/** Of one sample: each is compared with those before it. */
const mostLabels = 1_000;
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

class Parser {
  readonly #text: string;
  readonly #openMetrics: boolean;
  readonly #most: number;
  #at = 0;
  #line = 0;
  #end = 0;

  constructor(text: string, { openMetrics = false, most = Number.POSITIVE_INFINITY }: ExpositionOptions) {
    this.#text = text;
    this.#openMetrics = openMetrics;
    this.#most = most;
  }

  parse(): Exposition {
    const samples: ExposedSample[] = [];
    const families = new Map<string, MetricFamily>();
    let ended = false;
    for (let start = 0; start < this.#text.length; start = this.#end + 1) {
      this.#line++;
      const newline = this.#text.indexOf("\n", start);
      this.#end = newline < 0 ? this.#text.length : newline;
      if (!this.#openMetrics && this.#text[this.#end - 1] === "\r") this.#fail("ends with a carriage return");
      this.#at = start;
      this.#skipSpace();
      if (this.#at === this.#end) {
        if (this.#openMetrics) this.#fail("is empty, which OpenMetrics does not allow");
        continue;
      }
      if (ended) this.#fail("follows # EOF");
      if (this.#text[this.#at] === "#") ended = this.#comment(families);
      else samples.push(this.#sample());
      if (samples.length > this.#most) this.#fail(`there are more than ${this.#most} samples`);
      if (families.size > this.#most) this.#fail(`there are more than ${this.#most} families`);
    }
    if (this.#openMetrics && !ended)
      this.#fail("is the last one, but # EOF is missing: the answer was cut short");
    return { samples, families };
  }

  /** True for `# EOF` in OpenMetrics. Unknown comments are passed over in 0.0.4. */
  #comment(families: Map<string, MetricFamily>): boolean {
    const line = this.#text.slice(this.#at, this.#end);
    if (this.#openMetrics && line === "# EOF") return true;
    const [, keyword, quoted, plain, rest = ""] =
      /^#[ \t]+(HELP|TYPE|UNIT)[ \t]+(?:"((?:[^"\\]|\\.)*)"|(\S+))(?:[ \t]+(.*))?$/.exec(line) ?? [];
    if (keyword === undefined) return false;
    const name = quoted === undefined ? (plain ?? "") : unescapeText(quoted);
    const family = families.get(name) ?? { type: "unknown", help: "", unit: "" };
    families.set(name, family);
    if (keyword === "HELP") family.help = unescapeText(rest);
    else if (keyword === "UNIT") family.unit = rest;
    else if (
      /^(counter|gauge|histogram|summary|untyped|unknown|info|stateset|gaugehistogram)$/.test(rest.trim())
    )
      family.type = rest.trim() === "untyped" ? "unknown" : rest.trim();
    else this.#fail("expected a type");
    return false;
  }

  #sample(): ExposedSample {
    let name = "";
    if (nameStart.test(this.#text[this.#at] ?? "")) name = this.#match(metricName, "a metric name");
    else if (this.#text.charCodeAt(this.#at) !== openBrace) this.#fail("expected a metric name");
    this.#skipSpace();
    const labels: [string, string][] = [];
    if (this.#text.charCodeAt(this.#at) === openBrace) name = this.#labels(labels, name);
    if (name === "") this.#fail("has no metric name");
    this.#skipSpace();
    const value = this.#number("a value");
    this.#skipSpace();
    let timestamp: number | undefined;
    if (this.#at < this.#end && this.#text[this.#at] !== "#") timestamp = this.#timestamp();
    this.#skipSpace();
    const sample = { name, labels, value, timestamp };
    if (this.#at === this.#end) return sample;
    if (this.#openMetrics && this.#text.startsWith("# {", this.#at))
      return { ...sample, exemplar: this.#exemplar() };
    return this.#fail("something follows the sample");
  }

  /** `# {trace_id="…"} 0.5 1700000000.1` behind a sample. */
  #exemplar(): Exemplar {
    const labels: [string, string][] = [];
    this.#at += 2;
    if (this.#labels(labels, "") !== "") this.#fail("an exemplar has no name");
    this.#skipSpace();
    const value = this.#number("an exemplar's value");
    this.#skipSpace();
    const timestamp = this.#at < this.#end ? this.#timestamp() : undefined;
    this.#skipSpace();
    if (this.#at < this.#end) this.#fail("something follows the exemplar");
    return { labels, value, timestamp };
  }

  /** Inside the braces; a quoted string without a value is the metric's name (UTF-8 names). Returns the name. */
  #labels(labels: [string, string][], given: string): string {
    let name = given;
    this.#at++;
    for (;;) {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) === closeBrace) break;
      const quoted = this.#text.charCodeAt(this.#at) === quote;
      const label = quoted ? this.#string() : this.#match(labelName, "a label name");
      this.#skipSpace();
      if (this.#text[this.#at] === "=") {
        this.#at++;
        this.#skipSpace();
        if (this.#text.charCodeAt(this.#at) !== quote) this.#fail("expected a quoted value of a label");
        if (label === "__name__") this.#fail("__name__ cannot be a label");
        if (labels.some(([other]) => other === label)) this.#fail("a label is there twice");
        if (labels.length === mostLabels) this.#fail(`there are more than ${mostLabels} labels`);
        labels.push([label, this.#string()]);
      } else if (quoted && name === "") name = label;
      else this.#fail("expected = after a label");
      this.#skipSpace();
      if (this.#text[this.#at] === ",") this.#at++;
      else if (this.#text.charCodeAt(this.#at) !== closeBrace) this.#fail("expected , or } after a label");
    }
    this.#at++;
    return name;
  }

  #string(): string {
    const start = this.#at + 1;
    let escaped = false;
    for (let at = start; at < this.#end; at++) {
      const letter = this.#text[at];
      if (letter === "\\") {
        escaped = true;
        at++;
      } else if (letter === '"') {
        this.#at = at + 1;
        const raw = this.#text.slice(start, at);
        return escaped ? unescapeText(raw) : raw;
      }
    }
    return this.#fail("a quoted value does not end");
  }

  #number(what: string): number {
    const word = this.#word();
    if (decimal.test(word)) return Number(word);
    switch (word.toLowerCase()) {
      case "nan":
        return Number.NaN;
      case "inf":
      case "+inf":
      case "infinity":
      case "+infinity":
        return Number.POSITIVE_INFINITY;
      case "-inf":
      case "-infinity":
        return Number.NEGATIVE_INFINITY;
    }
    return this.#fail(`expected ${what}`);
  }

  /** Milliseconds as an integer in 0.0.4, seconds in OpenMetrics. */
  #timestamp(): number {
    const word = this.#word();
    const value = this.#openMetrics ? Math.round(Number(word) * 1000) : Number(word);
    if (!(this.#openMetrics ? decimal : /^-?\d+$/).test(word) || !Number.isSafeInteger(value))
      this.#fail("expected a timestamp");
    return value;
  }

  #word(): string {
    const start = this.#at;
    while (this.#at < this.#end && !isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return this.#fail(`expected ${what}`);
    this.#at += found.length;
    return found;
  }

  #skipSpace(): void {
    while (this.#at < this.#end && isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #fail(what: string): never {
    throw new ExpositionError(Math.max(1, this.#line), what);
  }
}

function isSpace(code: number): boolean {
  return code === space || code === tab;
}

function unescapeText(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

/** A place in a configuration. */
export interface Place {
  file: string;
  line: number;
}

export interface Token {
  kind: "word" | "keyword" | "text" | "angle" | "number" | "sign" | "newline" | "end";
  text: string;
  /** Of a number; durations in seconds. */
  value: number;
  line: number;
}

/** What is not of the language, at a line. */
export class IcingaError extends Error {
  readonly place: Place;
  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

const keywords: ReadonlySet<string> = new Set([
  ...[
    "object",
    "template",
    "include",
    "include_recursive",
    "include_zones",
    "library",
    "null",
    "true",
    "false",
  ],
  ...[
    "const",
    "var",
    "this",
    "globals",
    "locals",
    "use",
    "using",
    "apply",
    "default",
    "to",
    "where",
    "import",
  ],
  ...["assign", "ignore", "function", "return", "break", "continue", "for", "if", "else", "while", "throw"],
  ...["try", "except", "ignore_on_error", "current_filename", "current_line", "namespace", "in", "debugger"],
]);

/** Longest first. `!in` is one of them. */
const signs = [
  ...[
    "{{",
    "<<",
    ">>",
    "<=",
    ">=",
    "==",
    "!=",
    "&&",
    "||",
    "=>",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "^=",
    "&=",
    "|=",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "&",
    "|",
    "<",
    ">",
    "=",
    "!",
    "~",
    ".",
    ",",
    ";",
    ":",
  ],
  "?",
];

const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Words of Icinga's language. What is no word of it is an `IcingaError`. */
export function tokensOf(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  const add = (kind: Token["kind"], content: string, value = 0) =>
    tokens.push({ kind, text: content, value, line });
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const skip = (passed: string) => {
    at += passed.length;
    line += passed.split("\n").length - 1;
  };

  while (at < text.length) {
    const blank = match(/(?:[ \t\r\f\v]+|#[^\n]*|\/\/[^\n]*)+/y);
    if (blank !== undefined) at += blank.length;
    else if (text.startsWith("/*", at))
      skip(until(text, at, "*/", "A comment is not closed", { file, line }));
    else if (text.startsWith("{{{", at)) {
      const raw = until(text, at, "}}}", "A text in {{{ is not closed", { file, line });
      add("text", raw.slice(3, -3));
      skip(raw);
    } else if (text[at] === "\n") {
      add("newline", "\n");
      skip("\n");
    } else if (text[at] === '"') {
      const { content, length } = quoted(text, at, { file, line });
      add("text", content);
      skip(text.slice(at, at + length));
    } else next();
  }
  add("end", "");
  return tokens;

  function next(): void {
    const number = match(/\d+(?:\.\d+)?(?:ms|[smhd])?(?![A-Za-z0-9_])/y);
    const word = match(/@?[A-Za-z_]\w*/y);
    const before = tokens.at(-1);
    const angle = before?.kind === "keyword" && before.text === "include" ? match(/<[^<>\n]*>/y) : undefined;
    const not = match(/!in(?!\w)/y);
    const sign = signs.find((one) => text.startsWith(one, at));
    const found = number ?? word ?? angle ?? not ?? sign;
    if (found === undefined)
      throw new IcingaError(`"${text.slice(at, at + 12).split("\n")[0]}" is nothing that Icinga knows`, {
        file,
        line,
      });
    if (number !== undefined) {
      const [, digits = "0", unit = "s"] = /^([\d.]+)(\w*)$/.exec(number) ?? [];
      add("number", number, Number(digits) * (seconds[unit] ?? 1));
    } else if (word !== undefined) {
      const isKeyword = keywords.has(word);
      add(isKeyword ? "keyword" : "word", word.replace(/^@/, ""));
    } else if (angle !== undefined) add("angle", angle.slice(1, -1));
    else add("sign", found);
    at += found.length;
  }
}

function until(text: string, at: number, end: string, complaint: string, place: Place): string {
  const found = text.indexOf(end, at + 2);
  if (found < 0) throw new IcingaError(complaint, place);
  return text.slice(at, found + end.length);
}

const escaped: Readonly<Record<string, string>> = {
  ...{ n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", '"': '"', "\\": "\\", "\n": "\n" },
};

function quoted(text: string, from: number, place: Place): { content: string; length: number } {
  let content = "";
  let at = from + 1;
  for (; text[at] !== '"'; at++) {
    const one = text[at];
    if (one === undefined || one === "\n") throw new IcingaError("A text in quotes is not closed", place);
    if (one !== "\\") {
      content += one;
      continue;
    }
    const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4))?.[0];
    const plain = escaped[text[at + 1] ?? ""];
    if (octal !== undefined) content += String.fromCharCode(Number.parseInt(octal, 8));
    else if (plain !== undefined) content += plain;
    else throw new IcingaError(`\\${text[at + 1] ?? ""} means nothing inside of a text`, place);
    at += octal?.length ?? 1;
  }
  return { content, length: at + 1 - from };
}

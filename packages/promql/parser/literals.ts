import { findDuration } from "@havn/model";

/**
 * Seconds or a plain number: `1h30m`, `0x1F`, `1_000`, `.5e3`, `Inf`, `NaN`, with or without a sign.
 * Undefined where the text is none of these.
 */
export function findNumber(text: string): number | undefined {
  const sign = text[0] === "-" ? -1 : 1;
  const digits = text.replace(/^[+-]\s*/, "").toLowerCase();
  if (digits === "inf" || digits === "infinity") return sign * Number.POSITIVE_INFINITY;
  if (digits === "nan") return Number.NaN;
  const milliseconds = findDuration(digits);
  if (milliseconds !== undefined) return (sign * milliseconds) / 1000;
  const plain = digits.replaceAll("_", "");
  // A leading zero means octal where the text is a whole number, as in Go's ParseInt with base 0.
  if (/^0[0-7]+$/.test(plain)) return sign * Number.parseInt(plain, 8);
  const value = Number(plain);
  return plain === "" || Number.isNaN(value) ? undefined : sign * value;
}

const simpleEscapes: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

const escapePattern =
  /\\(?:([abfnrtv\\'"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The value of a quoted literal, escapes as in Go. Undefined where it is not closed or has an unknown escape. */
export function findString(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined;
  const body = literal.slice(1, -1);
  if (quote === "`") return body;
  if (body.includes("\n")) return undefined;
  if (!body.includes("\\")) return body;
  return decodeEscapes(body, quote === '"' ? "'" : '"');
}

function decodeEscapes(body: string, foreignQuote: string): string | undefined {
  // \x and octal escapes are bytes, so the text is put together as UTF-8.
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let index = 0;
  while (index < body.length) {
    const next = body.indexOf("\\", index);
    if (next !== index) {
      const end = next < 0 ? body.length : next;
      parts.push(encoder.encode(body.slice(index, end)));
      index = end;
      continue;
    }
    escapePattern.lastIndex = index;
    const match = escapePattern.exec(body);
    if (!match) return undefined;
    const [whole, simple, octal, byte, short, long] = match;
    if (simple === foreignQuote) return undefined;
    if (simple) parts.push(encoder.encode(simpleEscapes[simple]));
    else if (octal || byte) {
      const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(byte ?? "", 16);
      if (code > 255) return undefined;
      parts.push(Uint8Array.of(code));
    } else {
      const code = Number.parseInt(short ?? long ?? "", 16);
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
      parts.push(encoder.encode(String.fromCodePoint(code)));
    }
    index += whole.length;
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

const tokens =
  /"(?:[^\\"]|\\.)*"?|'(?:[^\\']|\\.)*'?|`[^`]*`?|#[^\n]*|(?<word>[A-Za-z_:][\w:]*)(?<call>\s*\()?|(?<whole>\d[\d_]*)\.(?!\d)|(?<number>[\d.][\w.]*)|[[\]()]/g;

/**
 * The text with what the grammar does not know rewritten in the same number of characters, so that positions stay and
 * what was written can be read at the same place:
 * - `1.` becomes `01`;
 * - `STEP()` becomes `step()`;
 * - `min_of` and `max_of`, which the grammar knows in durations only, become another function's name elsewhere.
 */
export function normalise(text: string): string {
  const context = new DurationContext();
  return text.replace(tokens, (token: string, ...rest: unknown[]) => {
    const { word, call, whole } = rest.at(-1) as { word?: string; call?: string; whole?: string };
    const inDuration = context.enter(token, word);
    if (whole !== undefined) return `0${whole}`;
    if (word === undefined || call === undefined) return token;
    if (/^(min|max)_of$/i.test(word)) return (inDuration ? word.toLowerCase() : "minute") + call;
    return /^(step|range)$/i.test(word) ? word.toLowerCase() + call : token;
  });
}

/** Tells which tokens stand where a duration is expected: in brackets, and after `offset` up to the end of its term. */
class DurationContext {
  #brackets = 0;
  /** Open parentheses since `offset`; undefined when its term has ended. */
  #offset: number | undefined;

  enter(token: string, word: string | undefined): boolean {
    if (token === "[") this.#brackets++;
    if (token === "]") this.#brackets--;
    const inside = this.#brackets > 0 || this.#offset !== undefined;
    if (word?.toLowerCase() === "offset") this.#offset = 0;
    else if (this.#offset !== undefined && !token.startsWith("#")) {
      if (token.endsWith("(")) this.#offset++;
      else if (token === ")") this.#offset--;
      if (this.#offset <= 0) this.#offset = undefined;
    }
    return inside;
  }
}

/** A template that cannot be read or filled in. `message` says what and where. */
export class TemplateError extends Error {}

export type Token =
  | { kind: "text"; text: string; at: number }
  | { kind: "open" | "close"; at: number }
  | { kind: "string"; value: string; at: number }
  | { kind: "number"; text: string; at: number }
  | { kind: "field" | "variable" | "word" | "sign"; text: string; at: number };

const inside =
  /\s+|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<number>[+-]?(?:0[xX][\da-fA-F]+|(?:\d[\d_]*)?\.?\d+(?:[eE][+-]?\d+)?))|(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)|(?<variable>\$[\p{L}\p{Nd}_]*)|(?<word>[\p{L}_][\p{L}\p{Nd}_]*)|(?<sign>:=|[=|(),.])/uy;

/** Go's text/template as tokens: `{{- … -}}` trims the space around it, comments are left out. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < text.length) {
    const open = text.indexOf("{{", at);
    const end = open < 0 ? text.length : open;
    const trims = open >= 0 && /^\{\{-\s/.test(text.slice(open, open + 4));
    let piece = text.slice(at, end);
    if (trimNext) piece = piece.trimStart();
    if (trims) piece = piece.trimEnd();
    if (piece !== "") tokens.push({ kind: "text", text: piece, at });
    if (open < 0) break;
    const start = open + (trims ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/.exec(text.slice(start));
    if (comment) {
      at = start + comment[0].length;
      trimNext = comment[1] === "-";
      continue;
    }
    const closed = lexAction(text, start, tokens);
    at = closed.at;
    trimNext = closed.trims;
  }
  return tokens;
}

function lexAction(text: string, start: number, tokens: Token[]): { at: number; trims: boolean } {
  tokens.push({ kind: "open", at: start });
  for (let at = start; at < text.length; ) {
    const closing = /^(\s-)?\}\}/.exec(text.slice(at, at + 4));
    if (closing) {
      tokens.push({ kind: "close", at });
      return { at: at + closing[0].length, trims: closing[1] !== undefined };
    }
    inside.lastIndex = at;
    const match = inside.exec(text);
    if (!match)
      throw new TemplateError(`unexpected ${JSON.stringify(text[at])} in a template at character ${at + 1}`);
    const { string, char, number, field, variable, word, sign } = match.groups ?? {};
    if (string !== undefined) tokens.push({ kind: "string", value: unquote(string), at });
    else if (char !== undefined)
      tokens.push({
        kind: "number",
        text: String(unquote(`"${char.slice(1, -1)}"`).codePointAt(0) ?? 0),
        at,
      });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, at });
    else if (field !== undefined) tokens.push({ kind: "field", text: field.slice(1), at });
    else if (variable !== undefined) tokens.push({ kind: "variable", text: variable, at });
    else if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, at });
    else {
      // Space parts what stands on its own from what is a field of it: `.a .b`, `.a.b`.
      tokens.push({ kind: "sign", text: " ", at });
    }
    at += match[0].length;
  }
  throw new TemplateError("an action of a template is not closed with }}");
}

const escapes: Readonly<Record<string, string>> = {
  ...{ n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" },
  ...{ "\\": "\\", '"': '"', "'": "'" },
};

function unquote(quoted: string): string {
  if (quoted.startsWith("`")) return quoted.slice(1, -1);
  return quoted
    .slice(1, -1)
    .replace(
      /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs,
      (_, x, u, big, octal, one) => {
        if (one !== undefined) return escapes[one] ?? one;
        return String.fromCodePoint(
          octal === undefined ? Number.parseInt(x ?? u ?? big, 16) : Number.parseInt(octal, 8),
        );
      },
    );
}

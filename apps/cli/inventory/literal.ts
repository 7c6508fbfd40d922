/** What a value in an INI inventory is: a Python literal where it is one (numbers, quoted texts, True, None, lists,
 *  dictionaries), else the text as it stands. */
export function literalOrText(text: string): unknown {
  const parser = createParser(text.trim());
  try {
    const value = parser.value();
    return parser.atEnd() ? value : text.trim();
  } catch {
    return text.trim();
  }
}

const words: Record<string, unknown> = { True: true, False: false, None: null };
// As Python reads them: no leading zeros but in 0, underscores between digits.
const number = /^[+-]?(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|(\d[\d_]*)?\.?\d[\d_]*([eE][+-]?\d+)?|\d+\.)/;

function createParser(text: string) {
  let at = 0;
  const blank = () => {
    while (/\s/.test(text[at] ?? "")) at++;
  };
  const take = (sign: string): boolean => {
    blank();
    if (text[at] !== sign) return false;
    at++;
    return true;
  };
  const isNext = (sign: string): boolean => {
    blank();
    return text[at] === sign;
  };
  const fail = (): never => {
    throw new SyntaxError(text);
  };

  function list(end: string): unknown[] {
    const items: unknown[] = [];
    while (!take(end)) {
      items.push(value());
      if (!take(",") && !isNext(end)) fail();
    }
    return items;
  }

  function dictionary(): Record<string, unknown> {
    const items: Record<string, unknown> = {};
    while (!take("}")) {
      const key = value();
      if (!take(":")) fail();
      items[String(key)] = value();
      if (!take(",") && !isNext("}")) fail();
    }
    return items;
  }

  function quoted(quote: string): string {
    let result = "";
    for (at++; text[at] !== quote; at++) {
      if (at >= text.length) fail();
      if (text[at] === "\\") {
        const next = text[++at] ?? "";
        result += { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' }[next] ?? `\\${next}`;
      } else result += text[at];
    }
    at++;
    return result;
  }

  function value(): unknown {
    blank();
    const sign = text[at] ?? "";
    if (sign === '"' || sign === "'") return quoted(sign);
    if (take("[")) return list("]");
    if (take("(")) return list(")");
    if (take("{")) return dictionary();
    const word = /^(True|False|None)\b/.exec(text.slice(at))?.[0];
    if (word) {
      at += word.length;
      return words[word];
    }
    const digits = number.exec(text.slice(at))?.[0] ?? "";
    if (digits === "" || (/^[+-]?0\d/.test(digits) && !/[.eE]/.test(digits))) fail();
    at += digits.length;
    const plain = digits.replaceAll("_", "");
    const negative = plain.startsWith("-");
    const size = Number(plain.replace(/^[+-]/, ""));
    return negative ? -size : size;
  }

  return {
    value,
    atEnd: () => {
      blank();
      return at === text.length;
    },
  };
}

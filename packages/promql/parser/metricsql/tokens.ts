export interface Token {
  kind: "name" | "string" | "space" | "mark" | "other";
  text: string;
  /** In the text that was given, in UTF-16 units. */
  at: number;
}

const shapes: readonly (readonly [Token["kind"], RegExp])[] = [
  ["space", /(?:\s+|#[^\n]*)+/y],
  // One that nothing ends goes on to the end: looking for it again at each quote would take long.
  ["string", /"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)|'(?:[^'\\]|\\[\s\S])*(?:'|\\?$)|`[^`]*(?:`|$)/y],
  ["name", /[A-Za-z_:][\w:]*/y],
  // Numbers and durations, letters and all, so that none of them is taken for a name.
  ["other", /(?:\d|\.\d)[\w.]*/y],
  ["mark", /=~|!~|!=|==|[=(){},]/y],
  ["other", /[\s\S]/y],
];

/** Never fails: what it does not know is a token of one character. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    for (const [kind, shape] of shapes) {
      shape.lastIndex = at;
      const found = shape.exec(text)?.[0];
      if (!found) continue;
      tokens.push({ kind, text: found, at });
      at += found.length;
      break;
    }
  }
  return tokens;
}

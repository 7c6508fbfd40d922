import { IcingaError, type Place, type Token } from "./tokens.ts";

/** Where a parser stands. Inside of parentheses and brackets line ends mean nothing. */
export class Cursor {
  readonly file: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #open = 0;

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens;
    this.file = file;
  }

  get place(): Place {
    return { file: this.file, line: this.peek().line };
  }

  /** The next token, or one after it. */
  peek(further = 0): Token {
    let at = this.#next(this.#at);
    for (let left = further; left > 0; left--) at = this.#next(at + 1);
    return this.#tokens[Math.min(at, this.#tokens.length - 1)] ?? end;
  }

  take(): Token {
    const token = this.peek();
    this.#at = Math.min(this.#next(this.#at) + 1, this.#tokens.length - 1);
    return token;
  }

  is(text: string, kinds: readonly Token["kind"][] = ["sign", "keyword"]): boolean {
    const next = this.peek();
    return next.text === text && kinds.includes(next.kind);
  }

  /** Takes it if it stands here. */
  accept(text: string): boolean {
    const fits = this.is(text);
    if (fits) this.take();
    return fits;
  }

  expect(text: string, where: string): Token {
    if (!this.is(text)) throw this.unexpected(`"${text}" is missing ${where}`);
    return this.take();
  }

  name(where: string): string {
    const next = this.peek();
    if (next.kind !== "word" && next.kind !== "text") throw this.unexpected(`A name is missing ${where}`);
    return this.take().text;
  }

  unexpected(what: string): IcingaError {
    const next = this.peek();
    const found =
      next.kind === "end"
        ? "the file ends"
        : next.kind === "newline"
          ? "the line ends"
          : `"${next.text}" stands there`;
    return new IcingaError(`${what}: ${found}`, this.place);
  }

  /** Reads something in which line ends mean nothing, or (`lines`) something again in which they do. */
  within<T>(lines: boolean, read: () => T): T {
    const before = this.#open;
    this.#open = lines ? 0 : before + 1;
    try {
      return read();
    } finally {
      this.#open = before;
    }
  }

  skipNewlines(): void {
    while (this.peek().kind === "newline") this.take();
  }

  /** Whether what follows the parenthesis that opens here is `sign`. */
  closesBefore(...signs: readonly string[]): boolean {
    let depth = 0;
    for (let at = this.#next(this.#at); at < this.#tokens.length; at++) {
      const token = this.#tokens[at];
      if (token?.kind !== "sign") continue;
      if (["(", "[", "{"].includes(token.text)) depth++;
      if (token.text === "{{") depth += 2;
      if ([")", "]", "}"].includes(token.text)) depth--;
      if (depth === 0) return signs.includes(this.#tokens[this.#next(at + 1)]?.text ?? "");
    }
    return false;
  }

  /** After a mistake: on to the next statement that begins outside of braces, or, where none closes, to a likely one. */
  recover(from: number): void {
    let depth = 0;
    for (let at = from; at < this.#tokens.length; at++) {
      const token = this.#tokens[at];
      if (token?.kind === "sign" && token.text === "{{") depth += 2;
      if (token?.kind === "sign" && token.text === "{") depth++;
      if (token?.kind === "sign" && token.text === "}") depth--;
      const next = this.#tokens[at + 1];
      const isBegin = token?.kind === "newline" && next?.kind === "keyword" && begins.has(next.text);
      if (at + 1 >= this.#at && isBegin && (depth <= 0 || declares.has(next.text))) {
        this.#at = at + 1;
        return;
      }
    }
    this.#at = this.#tokens.length - 1;
  }

  get position(): number {
    return this.#at;
  }

  #next(from: number): number {
    let at = from;
    while (this.#open > 0 && this.#tokens[at]?.kind === "newline") at++;
    return at;
  }
}

const end: Token = { kind: "end", text: "", value: 0, line: 1 };
/** What stands at the top of files only. */
const declares = new Set(["object", "template", "apply", "include_recursive"]);
const begins = new Set([
  ...declares,
  "include",
  "include_zones",
  "const",
  "var",
  "for",
  "if",
  "function",
  "namespace",
]);

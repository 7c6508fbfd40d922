import { type PromqlError, parseError } from "../../errors.ts";
import { type Token, tokensOf } from "./tokens.ts";

/** What a name of a `WITH` stands for: text that is expanded where it was defined. */
interface Template {
  parameters: string[] | undefined;
  body: Token[];
  scope: Scope;
}
type Scope = ReadonlyMap<string, Template>;

/** Characters that a query may have once it is expanded, and how deep templates may lie in each other. */
const longest = 100_000;
const deepest = 100;
/** What definitions and expansions may cost together: some write nothing, and each definition keeps all before it. */
const mostSteps = 100_000;

/**
 * MetricsQL's `WITH (name = expression, f(a, b) = expression) expression` put in: names of expressions, functions, label
 * filters (`{job="a"}`, for use inside braces or as a whole selector) and lists of labels. What a name stands for is put
 * in parentheses. A name stands only for what was written before it, so that nothing goes in circles. Throws a
 * PromqlError.
 */
export function expandTemplates(text: string): string {
  // What is longer is refused where it is parsed.
  if (!/\bwith\b/i.test(text) || text.length > longest) return text;
  return new Expander(text).expand(tokensOf(text), new Map()).trim();
}

class Expander {
  readonly #text: string;
  #written = 0;
  #steps = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expand(tokens: readonly Token[], scope: Scope): string {
    if (++this.#depth > deepest) throw this.#error(tokens[0], "templates lie too deep in each other");
    this.#spend(1);
    const parts: string[] = [];
    /** What is open: braces, lists of labels, other parentheses. */
    const open: ("{" | "labels" | "(")[] = [];
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at];
      if (!token) break;
      if (token.text === "{") open.push("{");
      else if (token.text === "(") open.push(isModifier(tokens, at) ? "labels" : "(");
      else if (token.text === "}" || token.text === ")") open.pop();
      const inBraces = open.at(-1) === "{";
      if (token.kind !== "name" || (inBraces && isMatcher(tokens, at))) {
        parts.push(this.#count(token.text));
        continue;
      }
      const opening = next(tokens, at);
      if (/^with$/i.test(token.text) && tokens[opening]?.text === "(" && !inBraces) {
        const { inner, body } = this.#define(tokens, opening, scope);
        const end = closing(tokens, body);
        parts.push("(", this.expand(tokens.slice(body, end), inner), ")");
        at = end - 1;
        continue;
      }
      const template = scope.get(token.text);
      if (!template) parts.push(this.#count(token.text));
      else if (inBraces) parts.push(this.#filters(template, token));
      else if (open.at(-1) === "labels") parts.push(this.#plain(template).replace(/^\(([\s\S]*)\)$/, "$1"));
      else if (template.parameters) {
        if (tokens[opening]?.text !== "(")
          throw this.#error(token, `"${token.text}" is a template that takes arguments`);
        const end = closing(tokens, opening + 1);
        parts.push(this.#call(template, token, { given: tokens.slice(opening + 1, end), scope }));
        at = end;
      } else if (tokens[opening]?.text === "{") {
        const end = closing(tokens, opening + 1);
        parts.push(this.#selector(template, token, { given: tokens.slice(opening + 1, end), scope }));
        at = end;
      } else parts.push(this.#plain(template));
    }
    this.#depth--;
    return parts.join("");
  }

  /** The definitions between parentheses, and where what follows them begins. */
  #define(tokens: readonly Token[], opening: number, outer: Scope): { inner: Scope; body: number } {
    const end = closing(tokens, opening + 1);
    if (tokens[end]?.text !== ")") throw this.#error(tokens[opening], "WITH (…) has no end");
    this.#spend(outer.size + end - opening);
    const inner = new Map(outer);
    for (const written of splitByComma(tokens.slice(opening + 1, end))) {
      const [name, ...rest] = written.filter(({ kind }) => kind !== "space");
      if (!name) continue;
      const equals = firstEquals(written);
      if (name.kind !== "name" || equals < 0)
        throw this.#error(name, "a template is written as name = expression, or name(a, b) = expression");
      const head = written
        .slice(0, equals)
        .filter(({ kind }) => kind !== "space")
        .slice(1);
      const parameters = this.#parametersOf(head, rest[0] ?? name);
      this.#spend(inner.size);
      inner.set(name.text, { parameters, body: written.slice(equals + 1), scope: new Map(inner) });
    }
    return { inner, body: end + 1 };
  }

  #parametersOf(head: readonly Token[], at: Token): string[] | undefined {
    if (head.length === 0) return undefined;
    const names = head.slice(1, -1).filter(({ text }) => text !== ",");
    const isList =
      head[0]?.text === "(" && head.at(-1)?.text === ")" && names.every(({ kind }) => kind === "name");
    if (!isList) throw this.#error(at, "the parameters of a template are names between parentheses");
    return names.map(({ text }) => text);
  }

  #call(template: Template, token: Token, { given, scope }: { given: Token[]; scope: Scope }): string {
    const values = splitByComma(given).filter((each) => each.some(({ kind }) => kind !== "space"));
    const parameters = template.parameters ?? [];
    if (values.length !== parameters.length)
      throw this.#error(token, `"${token.text}" takes ${parameters.length} arguments, not ${values.length}`);
    this.#spend(template.scope.size + given.length);
    const inner = new Map(template.scope);
    for (const [i, name] of parameters.entries())
      inner.set(name, { parameters: undefined, body: values[i] ?? [], scope });
    return `(${this.expand(template.body, inner)})`;
  }

  /** Strings, numbers, durations and lists of labels stand as they are: parentheses would make others of them. */
  #plain({ body, scope }: Template): string {
    const expanded = this.expand(body, scope).trim();
    const isBare = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.:]+|\([\w\s,]*\))$/.test(expanded);
    return isBare ? expanded : `(${expanded})`;
  }

  /** What stands between the braces of a template of label filters. */
  #filters(template: Template, token: Token): string {
    const expanded = this.expand(template.body, template.scope).trim();
    const inside = /^\{([\s\S]*)\}$/.exec(expanded.replace(/^\(([\s\S]*)\)$/, "$1"))?.[1];
    if (inside === undefined)
      throw this.#error(token, `"${token.text}" is no template of label filters, as {a="b"} is one`);
    return inside.trim();
  }

  /** A template of a selector with more filters behind it. */
  #selector(template: Template, token: Token, { given, scope }: { given: Token[]; scope: Scope }): string {
    const expanded = this.expand(template.body, template.scope).trim();
    const [, name, inside = ""] = /^([A-Za-z_:][\w:]*)?\s*(?:\{([\s\S]*)\})?$/.exec(expanded) ?? [];
    if (name === undefined && !expanded.startsWith("{"))
      throw this.#error(token, `"${token.text}" is no selector: no {…} may follow it`);
    // As if it stood between braces, which it does.
    const more = this.expand([{ kind: "mark", text: "{", at: token.at }, ...given], scope).slice(1);
    return `${name ?? ""}{${[inside.trim(), more.trim()].filter((part) => part !== "").join(", ")}}`;
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > mostSteps) throw parseError(this.#text, 0, "the query has too many templates");
  }

  #count(text: string): string {
    this.#written += text.length;
    if (this.#written > longest)
      throw parseError(
        this.#text,
        0,
        `the query is longer than ${longest} characters once its templates are put in`,
      );
    return text;
  }

  #error(token: Token | undefined, message: string): PromqlError {
    return parseError(this.#text, token?.at ?? 0, message);
  }
}

/** Inside braces a name with an operator behind it is a label. */
const isMatcher = (tokens: readonly Token[], at: number): boolean =>
  /^(=|!=|=~|!~)$/.test(tokens[next(tokens, at)]?.text ?? "");

/** Whether the parenthesis at `at` holds names of labels. */
function isModifier(tokens: readonly Token[], at: number): boolean {
  let before = at - 1;
  while (tokens[before]?.kind === "space") before--;
  return /^(by|without|on|ignoring|group_left|group_right)$/i.test(tokens[before]?.text ?? "");
}

/** The next token that is no space. */
function next(tokens: readonly Token[], at: number): number {
  let index = at + 1;
  while (tokens[index]?.kind === "space") index++;
  return index;
}

/** Where what begins at `from` is closed, or a comma or the end comes. */
function closing(tokens: readonly Token[], from: number): number {
  const isList = /[({]/.test(tokens[from - 1]?.text ?? "");
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const text = tokens[at]?.text ?? "";
    if (text === "(" || text === "{") depth++;
    else if (text === ")" || text === "}") {
      if (depth === 0) return at;
      depth--;
    } else if (text === "," && depth === 0 && !isList) return at;
  }
  return tokens.length;
}

/** Of a definition: the first `=` that nothing is around; -1 where there is none. */
function firstEquals(tokens: readonly Token[]): number {
  let depth = 0;
  return tokens.findIndex(({ text }) => {
    if (text === "(" || text === "{") depth++;
    else if (text === ")" || text === "}") depth--;
    return text === "=" && depth === 0;
  });
}

function splitByComma(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === "(" || token.text === "{") depth++;
    if (token.text === ")" || token.text === "}") depth--;
    if (token.text === "," && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

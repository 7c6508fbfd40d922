import { HavnError } from "@havn/model";

/**
 * Which hosts are meant, as a tree. Written:
 *
 *     web-1                   a name; web-*, web-?, web-[1-3], web-[01-10], web-[a,c] are patterns of names
 *     prod/web-1              the same in an environment; both halves may be patterns
 *     @webservers             the members of an inventory's group
 *     role=web  role!=web     a label, or that it is not that (a host without it counts as not that)
 *     role in (web, db)       one of several; `not in` for none of them; `rack` with a `*` value for any
 *     !a   a & b   a | b      not, and, or, in this order of strength; `a, b` is `a | b`; parentheses
 */
export type Choice =
  | { kind: "all"; at: number; of: Choice[] }
  | { kind: "any"; at: number; of: Choice[] }
  | { kind: "not"; at: number; of: Choice }
  | { kind: "group"; at: number; pattern: string }
  | { kind: "label"; at: number; key: string; negated: boolean; values: string[] }
  | { kind: "name"; at: number; text: string; environment: string | undefined; pattern: string };

/** An expression that cannot be read, or that names what is not there; `at` counts characters from 0. */
export class ChoiceError extends HavnError {
  readonly at: number;
  constructor(expression: string, at: number, summary: string, hint: string) {
    // Newlines and tabs would move the marker away from what it marks.
    const shown = expression.replaceAll(/\s/g, " ");
    super(summary, { status: 400, detail: `  ${shown}\n  ${" ".repeat(at)}^\n${hint}` });
    this.at = at;
  }
}

interface Token {
  kind: "word" | "text" | "sign" | "end";
  text: string;
  at: number;
}

const signs = ["!=", "!", "&", "|", ",", "(", ")", "="];
const deepest = 100;

/** Throws a ChoiceError that marks the place. */
export function parseChoice(expression: string): Choice {
  const tokens = tokenize(expression);
  let next = 0;
  let depth = 0;
  const end: Token = { kind: "end", text: "", at: expression.length };
  const peek = (ahead = 0): Token => tokens[next + ahead] ?? end;
  const isSign = (text: string, ahead = 0) => peek(ahead).kind === "sign" && peek(ahead).text === text;
  const isWord = (text: string, ahead = 0) => peek(ahead).kind === "word" && peek(ahead).text === text;
  const fail = (at: number, summary: string, hint: string): never => {
    throw new ChoiceError(expression, at, summary, hint);
  };

  function list(kind: "any" | "all", separators: readonly string[], item: () => Choice): Choice {
    const { at } = peek();
    const first = item();
    const of = [first];
    while (separators.some((sign) => isSign(sign))) {
      next++;
      of.push(item());
    }
    return of.length === 1 ? first : { kind, at, of };
  }
  const any = (): Choice => list("any", ["|", ","], all);
  const all = (): Choice => list("all", ["&"], not);

  function not(): Choice {
    if (!isSign("!")) return primary();
    const { at } = peek();
    next++;
    return nested(at, () => ({ kind: "not", at, of: not() }));
  }

  function nested(at: number, inner: () => Choice): Choice {
    if (++depth > deepest) fail(at, "The choice of hosts is nested too deeply", `At most ${deepest} levels.`);
    const found = inner();
    depth--;
    return found;
  }

  function primary(): Choice {
    const token = peek();
    if (isSign("(")) {
      next++;
      const inner = nested(token.at, any);
      if (!isSign(")")) fail(peek().at, "A closing parenthesis is missing", "Write ( … ).");
      next++;
      return inner;
    }
    if (token.kind !== "word" && token.kind !== "text")
      return fail(
        token.at,
        token.kind === "end"
          ? "The choice of hosts ends too early"
          : `"${token.text}" stands where hosts are expected`,
        "Write a name, a pattern such as web-*, a label such as role=web, or a group such as @web.",
      );
    next++;
    return label(token) ?? name(token);
  }

  function label({ text: key, at }: Token): Choice | undefined {
    if (isSign("=") || isSign("!=")) {
      const negated = peek().text === "!=";
      next++;
      return { kind: "label", at, key, negated, values: [value(key)] };
    }
    const negated = isWord("not") && isWord("in", 1);
    if (!isSign("(", negated ? 2 : 1) || !(negated || isWord("in"))) return undefined;
    next += negated ? 3 : 2;
    const values = [value(key)];
    while (isSign(",")) {
      next++;
      values.push(value(key));
    }
    if (!isSign(")")) fail(peek().at, "A closing parenthesis is missing", `Write ${key} in (one, two).`);
    next++;
    return { kind: "label", at, key, negated, values };
  }

  function value(key: string): string {
    const { kind, text, at } = peek();
    if (kind !== "word" && kind !== "text") fail(at, `A value of "${key}" is missing`, `Write ${key}=value.`);
    next++;
    return text;
  }

  function name({ text, at, kind }: Token): Choice {
    if (text.startsWith("@") && kind === "word") {
      if (text === "@") fail(at, "A group's name is missing", "Write for example @web.");
      return { kind: "group", at, pattern: text.slice(1) };
    }
    const slash = text.indexOf("/");
    const environment = slash < 0 ? undefined : text.slice(0, slash);
    const pattern = text.slice(slash + 1);
    if (environment === "" || pattern === "" || pattern.includes("/"))
      fail(
        at,
        `"${text}" is no host`,
        "Write a name such as web-1, or an environment and a name: prod/web-1.",
      );
    return { kind: "name", at, text, environment, pattern };
  }

  if (peek().kind === "end")
    fail(0, "The choice of hosts is empty", "Write a name such as web-1, or '*' for all.");
  const choice = any();
  const rest = peek();
  if (rest.kind !== "end")
    fail(
      rest.at,
      `"${rest.text}" is not expected here`,
      rest.text === ")" ? "No parenthesis is open." : "Join hosts with | (or), & (and), or a comma.",
    );
  return choice;
}

function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < expression.length; ) {
    const rest = expression.slice(at);
    const blank = /^\s+/.exec(rest)?.[0];
    if (blank) {
      at += blank.length;
      continue;
    }
    const quoted = /^"([^"]*)"|^'([^']*)'/.exec(rest);
    // Brackets belong to the word, and so do the commas in them.
    const word = /^@?(?:[\p{L}\p{N}_.*?:/+%~^-]|\[[^\][]*\])+|^@/u.exec(rest)?.[0];
    const sign = signs.find((one) => rest.startsWith(one));
    if (quoted) tokens.push({ kind: "text", text: quoted[1] ?? quoted[2] ?? "", at });
    else if (word) tokens.push({ kind: "word", text: word, at });
    else if (sign) tokens.push({ kind: "sign", text: sign, at });
    else
      throw new ChoiceError(
        expression,
        at,
        rest.startsWith("[") || rest.startsWith("]")
          ? "A bracket is open or closed alone"
          : /^["']/.test(rest)
            ? "A quote is not closed"
            : `"${rest[0]}" has no meaning in a choice of hosts`,
        "Names may hold ranges such as web-[1-3]; other texts stand in quotes.",
      );
    at += quoted?.[0].length ?? word?.length ?? sign?.length ?? 1;
  }
  return tokens;
}

import type { Cursor } from "./cursor.ts";
import { body, bodyAfterBrace, fieldsOf, inParentheses, usesOf } from "./parse.ts";
import type { Node } from "./syntax.ts";
import { IcingaError } from "./tokens.ts";

/** Signs from those that bind least. */
const levels: readonly (readonly string[])[] = [
  ...[["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["|"], ["^"], ["&"], ["in", "!in"], ["<<", ">>"]],
  ...[
    ["+", "-"],
    ["*", "/", "%"],
  ],
];
/** No person nests deeper; who does would exhaust the stack. */
const deepest = 200;
const depths = new WeakMap<Cursor, number>();

export function expression(cursor: Cursor): Node {
  const depth = (depths.get(cursor) ?? 0) + 1;
  if (depth > deepest) throw new IcingaError(`Expressions are nested deeper than ${deepest}`, cursor.place);
  depths.set(cursor, depth);
  try {
    return choice(cursor);
  } finally {
    depths.set(cursor, depth - 1);
  }
}

function choice(cursor: Cursor): Node {
  const at = cursor.place;
  const condition = binary(cursor, 0);
  if (!cursor.accept("?")) return condition;
  const yes = expression(cursor);
  cursor.expect(":", "after ?");
  return { kind: "choice", condition, yes: [yes], otherwise: [expression(cursor)], at };
}

function binary(cursor: Cursor, level: number): Node {
  const signs = levels[level];
  if (!signs) return unary(cursor);
  let left = binary(cursor, level + 1);
  while (signs.some((sign) => cursor.is(sign))) {
    const at = cursor.place;
    const sign = cursor.take().text;
    cursor.skipNewlines();
    left = { kind: "binary", sign, left, right: binary(cursor, level + 1), at };
  }
  return left;
}

function unary(cursor: Cursor): Node {
  const signs: { sign: string; at: Node["at"] }[] = [];
  while (["!", "-", "+", "~"].some((sign) => cursor.is(sign)))
    signs.push({ at: cursor.place, sign: cursor.take().text });
  return signs.reduceRight<Node>(
    (operand, { sign, at }) => ({ kind: "unary", sign, operand, at }),
    after(cursor, primary(cursor)),
  );
}

/** Fields, items and calls of what was read. */
function after(cursor: Cursor, begun: Node): Node {
  let node = begun;
  while (true) {
    const at = cursor.place;
    if (cursor.accept(".")) {
      const name = cursor.take();
      if (name.kind !== "word" && name.kind !== "keyword")
        throw new IcingaError("A name is missing after a dot", at);
      node = { kind: "index", of: node, by: { kind: "literal", value: name.text, at }, at };
    } else if (cursor.accept("[")) {
      const of = node;
      const by = cursor.within(false, () => {
        const inner = expression(cursor);
        cursor.expect("]", "after what stands in brackets");
        return inner;
      });
      node = { kind: "index", of, by, at };
    } else if (cursor.is("(")) node = { kind: "call", callee: node, given: list(cursor, "(", ")"), at };
    else return node;
  }
}

function list(cursor: Cursor, open: string, close: string): Node[] {
  cursor.expect(open, "before a list");
  return cursor.within(false, () => {
    const items: Node[] = [];
    while (!cursor.is(close)) {
      items.push(expression(cursor));
      if (!cursor.accept(",")) break;
    }
    cursor.expect(close, "at the end of a list");
    return items;
  });
}

function primary(cursor: Cursor): Node {
  const at = cursor.place;
  const next = cursor.peek();
  switch (next.kind) {
    case "number":
      cursor.take();
      return { kind: "literal", value: next.value, at };
    case "text":
      cursor.take();
      return { kind: "literal", value: next.text, at };
    case "word":
      return cursor.peek(1).text === "=>" && cursor.peek(1).kind === "sign"
        ? lambda(cursor, [cursor.take().text])
        : variable(cursor);
    case "sign":
      return signed(cursor);
    case "keyword":
      return keyword(cursor);
    case "angle":
    case "newline":
    case "end":
      throw cursor.unexpected("A value is missing");
  }
}

const variable = (cursor: Cursor): Node => ({ at: cursor.place, kind: "variable", name: cursor.take().text });

function signed(cursor: Cursor): Node {
  const at = cursor.place;
  if (cursor.is("(") && cursor.closesBefore("=>", "use")) return lambda(cursor, parameters(cursor));
  if (cursor.is("(")) {
    cursor.take();
    return cursor.within(false, () => {
      const inner = expression(cursor);
      cursor.expect(")", "after what stands in parentheses");
      return inner;
    });
  }
  if (cursor.is("[")) return { kind: "array", items: list(cursor, "[", "]"), at };
  if (cursor.is("{")) return { kind: "dictionary", body: fieldsOf(cursor), at };
  if (!cursor.accept("{{")) throw cursor.unexpected("A value is missing");
  const inside = bodyAfterBrace(cursor);
  cursor.expect("}", "where {{ … }} ends");
  return { kind: "function", name: "", parameters: [], uses: [], body: inside, at };
}

function parameters(cursor: Cursor): string[] {
  cursor.expect("(", "before parameters");
  return cursor.within(false, () => {
    const names: string[] = [];
    while (!cursor.is(")")) {
      names.push(cursor.name("among parameters"));
      if (!cursor.accept(",")) break;
    }
    cursor.expect(")", "after parameters");
    return names;
  });
}

function lambda(cursor: Cursor, names: string[]): Node {
  const at = cursor.place;
  const uses = usesOf(cursor);
  cursor.expect("=>", "after parameters");
  const inside = cursor.is("{") ? body(cursor) : [expression(cursor)];
  return { kind: "function", name: "", parameters: names, uses, body: inside, at };
}

const literals: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false };

function keyword(cursor: Cursor): Node {
  const at = cursor.place;
  const word = cursor.peek().text;
  if (word in literals) {
    cursor.take();
    return { kind: "literal", value: literals[word] ?? null, at };
  }
  switch (word) {
    case "this":
    case "globals":
    case "locals":
      cursor.take();
      return { kind: "scope", name: word, at };
    case "current_filename":
    case "current_line":
      cursor.take();
      return { kind: "literal", value: word === "current_line" ? at.line : at.file, at };
    case "function": {
      cursor.take();
      const name = cursor.is("(") ? "" : cursor.name("after function");
      const names = parameters(cursor);
      const uses = usesOf(cursor);
      return { kind: "function", name, parameters: names, uses, body: body(cursor), at };
    }
    case "if":
      return condition(cursor);
    default:
      throw cursor.unexpected("A value is missing");
  }
}

function condition(cursor: Cursor): Node {
  const at = cursor.place;
  cursor.take();
  const asked = inParentheses(cursor);
  const yes = body(cursor);
  // else may begin a line of its own.
  let further = 0;
  while (cursor.peek(further).kind === "newline") further++;
  const next = cursor.peek(further);
  if (next.kind !== "keyword" || next.text !== "else")
    return { kind: "choice", condition: asked, yes, otherwise: [], at };
  cursor.skipNewlines();
  cursor.take();
  const otherwise = cursor.is("if") ? [condition(cursor)] : body(cursor);
  return { kind: "choice", condition: asked, yes, otherwise, at };
}

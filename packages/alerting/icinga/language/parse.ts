import { Cursor } from "./cursor.ts";
import { expression } from "./expressions.ts";
import type { ApplyNode, Node, ObjectNode, Use } from "./syntax.ts";
import { IcingaError, type Place, tokensOf } from "./tokens.ts";

/** Statements of one file. What cannot be read is told with its place; the rest is taken. */
export function parseIcinga(text: string, file: string): { statements: Node[]; errors: IcingaError[] } {
  const statements: Node[] = [];
  const errors: IcingaError[] = [];
  const told = (cause: unknown) => {
    if (!(cause instanceof IcingaError)) throw cause;
    errors.push(cause);
  };
  let cursor: Cursor;
  try {
    cursor = new Cursor(tokensOf(text, file), file);
  } catch (cause) {
    told(cause);
    return { statements, errors };
  }
  while (true) {
    separators(cursor);
    if (cursor.peek().kind === "end") return { statements, errors };
    const from = cursor.position;
    try {
      statements.push(statement(cursor, undefined));
      if (!isSeparated(cursor)) throw cursor.unexpected("A statement goes on where it should end");
    } catch (cause) {
      told(cause);
      cursor.recover(from);
    }
  }
}

/** `assign where` and `ignore where` of the object that is being read. */
export interface Filters {
  assign: Node | undefined;
  ignore: Node | undefined;
}

const isSeparator = (cursor: Cursor): boolean =>
  cursor.peek().kind === "newline" || cursor.is(",") || cursor.is(";");
const isSeparated = (cursor: Cursor): boolean =>
  isSeparator(cursor) || cursor.peek().kind === "end" || cursor.is("}");
function separators(cursor: Cursor): void {
  while (isSeparator(cursor)) cursor.take();
}

/** `{ statements }` of an object or a dictionary: what is set there are its own fields. */
export const fieldsOf = (cursor: Cursor, filters?: Filters): Node[] =>
  body(cursor, filters, cursor.place).map((one) =>
    one.kind === "set" && one.scope === "own" ? { ...one, scope: "this" } : one,
  );

/** `{ statements }`. */
export function body(cursor: Cursor, filters?: Filters, fieldsAt?: Place): Node[] {
  cursor.expect("{", "where a block begins");
  return bodyAfterBrace(cursor, filters, fieldsAt);
}

/** `fieldsAt`: where a brace was opened inside of which no object can stand. */
export function bodyAfterBrace(cursor: Cursor, filters?: Filters, fieldsAt?: Place): Node[] {
  return cursor.within(true, () => {
    const statements: Node[] = [];
    for (separators(cursor); !cursor.is("}"); separators(cursor)) {
      if (fieldsAt && ["object", "template", "apply"].some((word) => cursor.is(word)))
        throw new IcingaError("A brace is not closed before the next object begins", fieldsAt);
      statements.push(statement(cursor, filters));
      if (!isSeparated(cursor)) throw cursor.unexpected("A statement goes on where it should end");
    }
    cursor.take();
    return statements;
  });
}

function statement(cursor: Cursor, filters: Filters | undefined): Node {
  const next = cursor.peek();
  const read = next.kind === "keyword" ? statements[next.text] : undefined;
  if (read) return read(cursor, filters);
  const at = cursor.place;
  const target = expression(cursor);
  const sign = cursor.peek();
  if (sign.kind !== "sign" || !sets.has(sign.text)) return target;
  cursor.take();
  return { kind: "set", target, sign: sign.text, value: expression(cursor), scope: "own", at };
}

const sets = new Set(["=", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|="]);

/** What begins with a word of the language's own. What is not here is an expression. */
const statements: Readonly<Record<string, (cursor: Cursor, filters: Filters | undefined) => Node>> = {
  object: (cursor) => object(cursor),
  template: (cursor) => object(cursor),
  apply: (cursor) => apply(cursor),
  assign: where,
  ignore: where,
  const: (cursor) => declared(cursor, "global"),
  var: (cursor) => declared(cursor, "local"),
  import(cursor) {
    const at = cursor.place;
    cursor.take();
    return { kind: "import", name: expression(cursor), at };
  },
  include: include("file"),
  include_recursive: include("recursive"),
  include_zones: include("zones"),
  library(cursor) {
    const at = cursor.place;
    cursor.take();
    expression(cursor);
    return { kind: "literal", value: null, at };
  },
  return: leave("return"),
  throw: leave("throw"),
  break: leave("break"),
  continue: leave("continue"),
  for(cursor) {
    const at = cursor.place;
    cursor.take();
    const each = eachOf(cursor);
    return { kind: "for", ...each, body: body(cursor), at };
  },
  while(cursor) {
    const at = cursor.place;
    cursor.take();
    return { kind: "while", condition: inParentheses(cursor), body: body(cursor), at };
  },
  try(cursor) {
    const at = cursor.place;
    cursor.take();
    const tried = body(cursor);
    cursor.skipNewlines();
    cursor.expect("except", "after try { … }");
    return { kind: "try", body: tried, otherwise: body(cursor), at };
  },
  namespace(cursor) {
    const at = cursor.place;
    cursor.take();
    return { kind: "namespace", name: expression(cursor), body: body(cursor), at };
  },
  using(cursor) {
    const at = cursor.place;
    cursor.take();
    return { kind: "using", of: expression(cursor), at };
  },
};

function declared(cursor: Cursor, scope: "local" | "global"): Node {
  const at = cursor.place;
  cursor.take();
  const target = expression(cursor);
  const sign = cursor.peek().text;
  if (scope === "local" && !sets.has(sign))
    return { kind: "set", target, sign: "=", value: { kind: "literal", value: null, at }, scope, at };
  cursor.take();
  if (!sets.has(sign)) throw cursor.unexpected(`"=" is missing after ${scope === "local" ? "var" : "const"}`);
  return { kind: "set", target, sign, value: expression(cursor), scope, at };
}

function leave(how: "return" | "break" | "continue" | "throw") {
  return (cursor: Cursor): Node => {
    const at = cursor.place;
    cursor.take();
    const value = isSeparated(cursor) ? undefined : expression(cursor);
    return { kind: "leave", how, value, at };
  };
}

function include(how: "file" | "recursive" | "zones") {
  return (cursor: Cursor): Node => {
    const at = cursor.place;
    cursor.take();
    if (cursor.peek().kind === "angle") {
      const path: Node = { kind: "literal", value: cursor.take().text, at };
      return { kind: "include", path, how: "library", pattern: undefined, at };
    }
    const path = expression(cursor);
    const second = how !== "file" && cursor.accept(",") ? expression(cursor) : undefined;
    // Of zones the second is the folder, and the first only says what to call it.
    if (how === "zones") return { kind: "include", path: second ?? path, how, pattern: undefined, at };
    return { kind: "include", path, how, pattern: second, at };
  };
}

function where(cursor: Cursor, filters: Filters | undefined): Node {
  const at = cursor.place;
  const word = cursor.take().text === "assign" ? "assign" : "ignore";
  cursor.expect("where", `after ${word}`);
  if (!filters) throw new IcingaError(`"${word} where" stands outside of apply and groups`, at);
  const condition = expression(cursor);
  const before = filters[word];
  filters[word] = before ? { kind: "binary", sign: "||", left: before, right: condition, at } : condition;
  return { kind: "literal", value: null, at };
}

function object(cursor: Cursor): ObjectNode {
  const at = cursor.place;
  const isTemplate = cursor.take().text === "template";
  const type = expression(cursor);
  const startsBody = () =>
    cursor.is("{") || cursor.is("use") || cursor.is("default") || cursor.is("ignore_on_error");
  const name = startsBody() ? undefined : expression(cursor);
  const uses = usesOf(cursor);
  const isDefault = cursor.accept("default");
  cursor.accept("ignore_on_error");
  const filters: Filters = { assign: undefined, ignore: undefined };
  const inside = fieldsOf(cursor, filters);
  return { kind: "object", isTemplate, isDefault, type, name, uses, body: inside, ...filters, at };
}

function apply(cursor: Cursor): ApplyNode {
  const at = cursor.place;
  cursor.take();
  const type = expression(cursor);
  const isPlain = ["for", "to", "use", "{", "ignore_on_error"].some((text) => cursor.is(text));
  const name = isPlain ? undefined : expression(cursor);
  const each = cursor.accept("for") ? eachOf(cursor) : undefined;
  const target = cursor.accept("to") ? cursor.name("after to") : undefined;
  cursor.accept("ignore_on_error");
  const uses = usesOf(cursor);
  const filters: Filters = { assign: undefined, ignore: undefined };
  const inside = fieldsOf(cursor, filters);
  return { kind: "apply", isTemplate: false, type, name, target, each, uses, body: inside, ...filters, at };
}

/** `(key => value in expression)` or `(value in expression)`. */
function eachOf(cursor: Cursor): { key: string; value: string | undefined; in: Node } {
  cursor.expect("(", "after for");
  return cursor.within(false, () => {
    const key = cursor.name("after for (");
    const value = cursor.accept("=>") ? cursor.name("after =>") : undefined;
    cursor.expect("in", "inside of for ( … )");
    const of = expression(cursor);
    cursor.expect(")", "at the end of for ( … )");
    return { key, value, in: of };
  });
}

export function usesOf(cursor: Cursor): Use[] {
  const uses: Use[] = [];
  if (!cursor.accept("use")) return uses;
  cursor.expect("(", "after use");
  return cursor.within(false, () => {
    while (!cursor.is(")")) {
      const name = cursor.name("inside of use ( … )");
      uses.push({ name, value: cursor.accept("=") ? expression(cursor) : undefined });
      if (!cursor.accept(",")) break;
    }
    cursor.expect(")", "at the end of use ( … )");
    return uses;
  });
}

export function inParentheses(cursor: Cursor): Node {
  cursor.expect("(", "before a condition");
  return cursor.within(false, () => {
    const inner = expression(cursor);
    cursor.expect(")", "after a condition");
    return inner;
  });
}

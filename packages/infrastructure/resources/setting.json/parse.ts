import { HavnError } from "@havn/model";

/** A value with its place in the text. Comments and trailing commas are taken, as editors and TypeScript take them. */
export type Node = { start: number; end: number } & (
  | { kind: "object"; members: Member[] }
  | { kind: "array"; items: Node[] }
  | { kind: "value"; value: unknown }
);

export interface Member {
  key: string;
  start: number;
  node: Node;
}

export function parseJson(text: string): Node {
  const parser = createParser(text);
  const node = parser.value();
  parser.end();
  return node;
}

export function meaningOf(node: Node): unknown {
  switch (node.kind) {
    case "value":
      return node.value;
    case "array":
      return node.items.map(meaningOf);
    case "object":
      return Object.fromEntries(node.members.map(({ key, node: member }) => [key, meaningOf(member)]));
  }
}

function createParser(text: string) {
  let at = 0;
  const fail = (expected: string) => {
    const line = text.slice(0, at).split("\n").length;
    return new HavnError(`is no JSON: expected ${expected} in line ${line}`, {
      detail: "Correct the file, or declare its whole content.",
    });
  };

  function skip(): void {
    const spaces = /(?:[\s\uFEFF]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
    spaces.lastIndex = at;
    at += spaces.exec(text)?.[0].length ?? 0;
  }

  function take(expression: RegExp): string | undefined {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function string(): string {
    const found = take(/"(?:[^"\\\n]|\\.)*"/y);
    if (found === undefined) throw fail("a text in double quotes");
    return JSON.parse(found) as string;
  }

  function value(): Node {
    skip();
    const start = at;
    switch (text[at]) {
      case "{":
        return { kind: "object", members: list("}", member), start, end: at };
      case "[":
        return { kind: "array", items: list("]", value), start, end: at };
      case '"':
        return { kind: "value", value: string(), start, end: at };
    }
    const word = take(/-?\d[\d.eE+-]*|true|false|null/y);
    if (word === undefined) throw fail("a value");
    return { kind: "value", value: JSON.parse(word) as unknown, start, end: at };
  }

  function member(): Member {
    skip();
    const start = at;
    const key = string();
    skip();
    if (text[at++] !== ":") throw fail("a colon");
    return { key, start, node: value() };
  }

  function list<T>(close: string, one: () => T): T[] {
    const items: T[] = [];
    at++;
    for (;;) {
      skip();
      if (text[at] === close) break;
      items.push(one());
      skip();
      if (text[at] === ",") at++;
      else if (text[at] !== close) throw fail(`"," or "${close}"`);
    }
    at++;
    return items;
  }

  return {
    value,
    end() {
      skip();
      if (at < text.length) throw fail("nothing more");
    },
  };
}

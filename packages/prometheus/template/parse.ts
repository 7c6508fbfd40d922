import { lex, TemplateError, type Token } from "./lex.ts";

export type Node =
  | { kind: "text"; text: string }
  | { kind: "print"; pipe: Pipe }
  | { kind: "if" | "with"; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: "range"; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: "template"; name: string; pipe: Pipe | undefined }
  | { kind: "break" | "continue" };

export interface Pipe {
  /** Names that its value is given to; two in `range $i, $v := …`. */
  names: string[];
  declares: boolean;
  commands: Operand[][];
}

export type Operand =
  | { kind: "value"; value: string | number | bigint | boolean | undefined }
  | { kind: "dot" }
  | { kind: "variable"; name: string }
  | { kind: "function"; name: string }
  | { kind: "pipe"; pipe: Pipe }
  | { kind: "field"; of: Operand; name: string };

export interface Template {
  body: Node[];
  /** What `define` and `block` name. */
  named: Map<string, Node[]>;
}

const deepest = 100;

/** Throws a TemplateError. `functions`: the names that there are. */
export function parseTemplate(text: string, functions: ReadonlySet<string>): Template {
  return new Parser(lex(text), functions).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #named = new Map<string, Node[]>();
  #at = 0;
  #depth = 0;
  #variables = ["$", "$labels", "$externalLabels", "$externalURL", "$value", "$facts"];

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  parse(): Template {
    const { nodes, ended } = this.#list();
    if (ended) this.#fail(`{{${ended}}} ends nothing`);
    return { body: nodes, named: this.#named };
  }

  /** Up to `end` or `else`, which it takes; undefined at the end of the text. */
  #list(): { nodes: Node[]; ended: "end" | "else" | undefined } {
    if (++this.#depth > deepest) this.#fail("it is nested too deeply");
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (!token) {
        this.#depth--;
        return { nodes, ended: undefined };
      }
      if (token.kind === "text") {
        nodes.push({ kind: "text", text: token.text });
        continue;
      }
      this.#space();
      const word = this.#peekWord();
      if (word === "end" || word === "else") {
        this.#at++;
        if (word === "end") this.#close();
        this.#depth--;
        return { nodes, ended: word };
      }
      const node = this.#action(word);
      if (node) nodes.push(node);
    }
  }

  #action(word: string | undefined): Node | undefined {
    switch (word) {
      case "if":
      case "with":
      case "range":
        this.#at++;
        return this.#control(word);
      case "break":
      case "continue":
        this.#at++;
        this.#close();
        return { kind: word };
      case "template":
        this.#at++;
        return this.#call();
      case "define":
        this.#at++;
        this.#define();
        return undefined;
      case "block":
        this.#at++;
        return this.#block();
      default: {
        const pipe = this.#pipe();
        this.#close();
        return { kind: "print", pipe };
      }
    }
  }

  #control(kind: "if" | "with" | "range"): Node {
    const outer = [...this.#variables];
    const pipe = this.#pipe(kind === "range");
    this.#close();
    const { nodes: body, ended } = this.#list();
    let otherwise: Node[] = [];
    if (ended === "else") otherwise = this.#otherwise(kind);
    else if (!ended) this.#fail(`{{${kind}}} has no {{end}}`);
    this.#variables = outer;
    return { kind, pipe, body, otherwise };
  }

  #otherwise(kind: "if" | "with" | "range"): Node[] {
    this.#space();
    const again = this.#peekWord();
    // `else if` is an if inside of else that shares its end.
    if (again !== undefined && again === kind && kind !== "range") {
      this.#at++;
      return [this.#control(kind)];
    }
    this.#close();
    const { nodes, ended } = this.#list();
    if (ended !== "end") this.#fail(`{{else}} of {{${kind}}} has no {{end}}`);
    return nodes;
  }

  #name(): string {
    this.#space();
    const token = this.#tokens[this.#at++];
    return token?.kind === "string" ? token.value : this.#fail("expected a template's name in quotes");
  }

  #call(): Node {
    const name = this.#name();
    this.#space();
    const pipe = this.#tokens[this.#at]?.kind === "close" ? undefined : this.#pipe();
    this.#close();
    return { kind: "template", name, pipe };
  }

  #define(): void {
    const name = this.#name();
    this.#close();
    this.#body(name);
  }

  #block(): Node {
    const call = this.#call();
    if (call.kind === "template") this.#body(call.name);
    return call;
  }

  #body(name: string): void {
    const outer = this.#variables;
    this.#variables = ["$"];
    const { nodes, ended } = this.#list();
    if (ended !== "end") this.#fail(`{{define}} has no {{end}}`);
    this.#variables = outer;
    this.#named.set(name, nodes);
  }

  #pipe(isRange = false): Pipe {
    const names = this.#declaration(isRange);
    const commands: Operand[][] = [];
    for (;;) {
      commands.push(this.#command());
      this.#space();
      if (!this.#sign("|")) break;
    }
    for (const name of names?.list ?? []) if (names?.declares) this.#variables.push(name);
    return { names: names?.list ?? [], declares: names?.declares ?? true, commands };
  }

  #declaration(isRange: boolean): { list: string[]; declares: boolean } | undefined {
    const start = this.#at;
    this.#space();
    const list: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== "variable") break;
      this.#at++;
      list.push(token.text);
      this.#space();
      if (!(isRange && list.length < 2 && this.#sign(","))) break;
      this.#space();
    }
    const declares = this.#sign(":=");
    if (list.length > 0 && (declares || this.#sign("="))) return { list, declares };
    this.#at = start;
    return undefined;
  }

  #command(): Operand[] {
    const operands: Operand[] = [];
    for (;;) {
      this.#space();
      const operand = this.#operand();
      if (!operand) break;
      operands.push(operand);
    }
    return operands.length > 0 ? operands : this.#fail("a value is missing");
  }

  #operand(): Operand | undefined {
    let operand = this.#term();
    if (!operand) return undefined;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== "field") return operand;
      this.#at++;
      operand = { kind: "field", of: operand, name: token.text };
    }
  }

  #term(): Operand | undefined {
    const token = this.#tokens[this.#at];
    switch (token?.kind) {
      case "string":
        this.#at++;
        return { kind: "value", value: token.value };
      case "number":
        this.#at++;
        return { kind: "value", value: numberOf(token.text) };
      case "field":
        return { kind: "dot" };
      case "variable":
        this.#at++;
        if (!this.#variables.includes(token.text)) this.#fail(`there is no variable ${token.text}`);
        return { kind: "variable", name: token.text };
      case "word":
        this.#at++;
        if (token.text === "true" || token.text === "false")
          return { kind: "value", value: token.text === "true" };
        if (token.text === "nil") return { kind: "value", value: undefined };
        if (!this.#functions.has(token.text)) this.#fail(`function "${token.text}" is not defined`);
        return { kind: "function", name: token.text };
      case "sign":
        if (token.text === ".") {
          this.#at++;
          return { kind: "dot" };
        }
        if (token.text !== "(") return undefined;
        return this.#parenthesis();
      default:
        return undefined;
    }
  }

  #parenthesis(): Operand {
    this.#at++;
    if (++this.#depth > deepest) this.#fail("it is nested too deeply");
    const pipe = this.#pipe();
    this.#space();
    if (!this.#sign(")")) this.#fail("a parenthesis is not closed");
    this.#depth--;
    return { kind: "pipe", pipe };
  }

  #peekWord(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === "word" ? token.text : undefined;
  }

  #sign(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "sign" || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (this.#sign(" "));
  }

  #close(): void {
    this.#space();
    const token = this.#tokens[this.#at++];
    if (token?.kind !== "close") this.#fail("what stands in an action cannot be read");
  }

  #fail(what: string): never {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length) - 1];
    throw new TemplateError(`${what} (at character ${(token?.at ?? 0) + 1})`);
  }
}

function numberOf(text: string): number | bigint {
  const plain = text.replaceAll("_", "");
  if (/^[+-]?\d+$/.test(plain)) return BigInt(plain);
  return Number(plain);
}

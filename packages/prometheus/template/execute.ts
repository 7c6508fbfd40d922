import { functionNames, functions, isTrue, type TemplateContext } from "./functions.ts";
import { TemplateError } from "./lex.ts";
import { type Node, type Operand, type Pipe, parseTemplate, type Template } from "./parse.ts";
import { isRecord, printValue, type Value } from "./print.ts";

export type { TemplateContext } from "./functions.ts";
export { TemplateError } from "./lex.ts";

/** What an alert's template speaks of. */
export interface AlertData {
  labels: Readonly<Record<string, string>>;
  value: number;
  externalLabels: Readonly<Record<string, string>>;
  /** What else is known, as `$facts`; Prometheus has no such thing. */
  facts?: Readonly<Record<string, number>>;
}

/** What is wrong with a template; undefined where it can be read. */
export function templateFault(text: string): string | undefined {
  try {
    read(text);
    return undefined;
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}

const known = new Map<string, Template>();
const mostKnown = 2_000;

function read(text: string): Template {
  const found = known.get(text);
  if (found) return found;
  const template = parseTemplate(text, functionNames);
  if (known.size >= mostKnown) known.clear();
  known.set(text, template);
  return template;
}

/** A template of an alert's label or annotation, filled in as Prometheus does. Throws a TemplateError. */
export async function fillTemplate(text: string, data: AlertData, context: TemplateContext): Promise<string> {
  if (!text.includes("{{")) return text;
  const template = read(text);
  const dot: Value = {
    Labels: data.labels,
    ExternalLabels: data.externalLabels,
    ExternalURL: context.externalUrl,
    Value: data.value,
    Facts: data.facts ?? {},
  };
  const variables: Scope = new Map<string, Value>([
    ["$", dot],
    ["$labels", data.labels],
    ["$externalLabels", data.externalLabels],
    ["$externalURL", context.externalUrl],
    ["$value", data.value],
    ["$facts", data.facts ?? {}],
  ]);
  const execution = new Execution(template, context);
  await execution.run(template.body, { dot, scopes: [variables] });
  return execution.out;
}

type Scope = Map<string, Value>;
interface Frame {
  dot: Value;
  /** The innermost last. */
  scopes: readonly Scope[];
}
type Flow = "on" | "break" | "continue";

const mostSteps = 100_000;
const longestOutput = 1_000_000;
const deepest = 100;

class Execution {
  out = "";
  readonly #template: Template;
  readonly #context: TemplateContext;
  #steps = 0;
  #depth = 0;

  constructor(template: Template, context: TemplateContext) {
    this.#template = template;
    this.#context = context;
  }

  async run(nodes: readonly Node[], frame: Frame): Promise<Flow> {
    for (const node of nodes) {
      if (++this.#steps > mostSteps || this.out.length > longestOutput)
        throw new TemplateError("it does not come to an end");
      const flow = await this.#node(node, frame);
      if (flow !== "on") return flow;
    }
    return "on";
  }

  async #node(node: Node, frame: Frame): Promise<Flow> {
    switch (node.kind) {
      case "text":
        this.out += node.text;
        return "on";
      case "print": {
        const value = await this.#pipe(node.pipe, frame);
        if (node.pipe.names.length === 0) this.out += typeof value === "string" ? value : printValue(value);
        return "on";
      }
      case "if":
      case "with": {
        const inner = within(frame);
        const value = await this.#pipe(node.pipe, inner);
        if (!isTrue(value)) return this.run(node.otherwise, inner);
        return this.run(node.body, node.kind === "with" ? { ...inner, dot: value } : inner);
      }
      case "range":
        return this.#range(node, frame);
      case "template":
        await this.#call(node.name, node.pipe ? await this.#pipe(node.pipe, frame) : undefined);
        return "on";
      case "break":
      case "continue":
        return node.kind;
    }
  }

  async #range(node: Extract<Node, { kind: "range" }>, frame: Frame): Promise<Flow> {
    const outer = within(frame);
    const over = await this.#evaluate(node.pipe, outer);
    const entries = entriesOf(over);
    if (entries.length === 0) return this.run(node.otherwise, outer);
    for (const [key, value] of entries) {
      const inner = within(outer);
      const [first, second] = node.pipe.names;
      if (second !== undefined) {
        declare(inner, first ?? "", key);
        declare(inner, second, value);
      } else if (first !== undefined) declare(inner, first, value);
      if ((await this.run(node.body, { ...inner, dot: value })) === "break") break;
    }
    return "on";
  }

  async #call(name: string, dot: Value): Promise<void> {
    const body = this.#template.named.get(name);
    if (!body) throw new TemplateError(`template "${name}" not defined`);
    if (++this.#depth > deepest) throw new TemplateError("templates call each other without an end");
    await this.run(body, { dot, scopes: [new Map([["$", dot]])] });
    this.#depth--;
  }

  async #pipe(pipe: Pipe, frame: Frame): Promise<Value> {
    const value = await this.#evaluate(pipe, frame);
    const [name] = pipe.names;
    if (name !== undefined)
      if (pipe.declares) declare(frame, name, value);
      else frame.scopes.findLast((scope) => scope.has(name))?.set(name, value);
    return value;
  }

  async #evaluate(pipe: Pipe, frame: Frame): Promise<Value> {
    let value: Value;
    for (const [at, command] of pipe.commands.entries())
      value = await this.#command(command, { frame, piped: at > 0 ? [value] : [] });
    return value;
  }

  async #command(
    [head, ...rest]: readonly Operand[],
    { frame, piped }: { frame: Frame; piped: readonly Value[] },
  ): Promise<Value> {
    if (head?.kind !== "function") {
      if (rest.length + piped.length > 0)
        throw new TemplateError("can't give arguments to something that is no function");
      return head && this.#operand(head, frame);
    }
    if (head.name === "and" || head.name === "or") return this.#choose(head.name, { rest, frame, piped });
    const given: Value[] = [];
    for (const operand of rest) given.push(await this.#operand(operand, frame));
    given.push(...piped);
    if (head.name === "tmpl") return this.#tmpl(given);
    const evaluate = functions[head.name];
    if (!evaluate) throw new TemplateError(`function "${head.name}" is not defined`);
    return evaluate(given, this.#context);
  }

  async #choose(
    name: "and" | "or",
    { rest, frame, piped }: { rest: readonly Operand[]; frame: Frame; piped: readonly Value[] },
  ): Promise<Value> {
    let value: Value;
    for (const operand of rest) {
      value = await this.#operand(operand, frame);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  /** A template by name, as a value. */
  async #tmpl([name, dot]: readonly Value[]): Promise<Value> {
    const before = this.out;
    this.out = "";
    await this.#call(String(name), dot);
    const made = this.out;
    this.out = before;
    return made;
  }

  async #operand(operand: Operand, frame: Frame): Promise<Value> {
    switch (operand.kind) {
      case "value":
        return operand.value;
      case "dot":
        return frame.dot;
      case "variable":
        return frame.scopes.findLast((scope) => scope.has(operand.name))?.get(operand.name);
      case "function":
        return this.#command([operand], { frame, piped: [] });
      case "pipe":
        return this.#evaluate(operand.pipe, frame);
      case "field":
        return fieldOf(await this.#operand(operand.of, frame), operand.name);
    }
  }
}

const within = (frame: Frame): Frame => ({ ...frame, scopes: [...frame.scopes, new Map()] });

const declare = ({ scopes }: Frame, name: string, value: Value) => scopes.at(-1)?.set(name, value);

/** A label that is not there is empty text. */
function fieldOf(value: Value, name: string): Value {
  if (value !== undefined && isRecord(value)) return Object.hasOwn(value, name) ? value[name] : "";
  throw new TemplateError(
    `can't evaluate field ${name} in ${value === undefined ? "nothing" : "this value"}`,
  );
}

function entriesOf(value: Value): [Value, Value][] {
  if (Array.isArray(value)) return value.map((item: Value, at): [Value, Value] => [BigInt(at), item]);
  if (typeof value === "bigint" || typeof value === "number")
    return Array.from({ length: Math.min(mostSteps, Math.max(0, Number(value))) }, (_, at) => [
      BigInt(at),
      BigInt(at),
    ]);
  if (value === undefined) return [];
  if (isRecord(value))
    return Object.keys(value)
      .sort()
      .map((key): [Value, Value] => [key, value[key]]);
  throw new TemplateError("range can't iterate over this value");
}

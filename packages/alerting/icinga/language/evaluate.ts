import { answerBy } from "./callbacks.ts";
import { methodOf } from "./methods.ts";
import type { ApplyNode, Node, ObjectNode, Use } from "./syntax.ts";
import { IcingaError, type Place } from "./tokens.ts";
import { Callable, Dictionary, isTrue, operate, textOf, typeOf, type Value, type Written } from "./values.ts";

/** What a configuration does beyond computing values. */
export interface Program {
  readonly globals: Dictionary;
  /** An object or template. Its body is evaluated later. */
  declare(node: ObjectNode, frame: Frame): void;
  apply(node: ApplyNode, frame: Frame): void;
  /** Body of a template or object of the type that is being made. */
  importInto(name: string, frame: Frame, at: Place): void;
  include(node: Extract<Node, { kind: "include" }>, path: string, frame: Frame): void;
  /** Told of every node: a program without an end ends there. */
  step(at: Place): void;
}

/** Where an expression is evaluated. */
export interface Frame {
  program: Program;
  self: Value;
  locals: Dictionary;
  using: readonly Dictionary[];
  depth: number;
}

class Leaving extends Error {
  readonly how: "return" | "break" | "continue";
  readonly value: Value;
  constructor(how: "return" | "break" | "continue", value: Value) {
    super(how);
    this.how = how;
    this.value = value;
  }
}

/** The last value. */
export function evaluateAll(nodes: readonly Node[], frame: Frame): Value {
  let last: Value = null;
  for (const node of nodes) last = evaluate(node, frame);
  return last;
}

export function evaluate(node: Node, frame: Frame): Value {
  const { program } = frame;
  program.step(node.at);
  switch (node.kind) {
    case "literal":
      return node.value;
    case "variable":
      return variable(node.name, frame, node.at);
    case "scope":
      return node.name === "this" ? frame.self : node.name === "globals" ? program.globals : frame.locals;
    case "index":
      return fieldOf(evaluate(node.of, frame), evaluate(node.by, frame), node.at);
    case "call":
      return called(node, frame);
    case "array":
      return node.items.map((item) => evaluate(item, frame));
    case "dictionary": {
      const made = new Dictionary();
      evaluateAll(node.body, { ...frame, self: made });
      return made;
    }
    case "unary":
      return unary(node.sign, evaluate(node.operand, frame), node.at);
    case "binary":
      return binary(node, frame);
    case "choice":
      return evaluateAll(isTrue(evaluate(node.condition, frame)) ? node.yes : node.otherwise, frame);
    case "set":
      assign(node, frame);
      return null;
    case "function":
      return functionOf(node, frame);
    case "for":
    case "while":
      loop(node, frame);
      return null;
    case "leave": {
      const value = node.value ? evaluate(node.value, frame) : null;
      throw node.how === "throw"
        ? new IcingaError(`The configuration says: ${textOf(value)}`, node.at)
        : new Leaving(node.how, value);
    }
    case "try":
      return attempt(node, frame);
    case "import":
      program.importInto(textOf(evaluate(node.name, frame)), frame, node.at);
      return null;
    case "include":
      program.include(node, textOf(evaluate(node.path, frame)), frame);
      return null;
    case "namespace":
      namespace(node, frame);
      return null;
    case "using": {
      const of = evaluate(node.of, frame);
      if (of instanceof Dictionary) frame.using = [...frame.using, of];
      return null;
    }
    case "object":
      program.declare(node, frame);
      return null;
    case "apply":
      program.apply(node, frame);
      return null;
  }
}

function variable(name: string, frame: Frame, at: Place): Value {
  for (const scope of scopesOf(frame)) if (scope.fields.has(name)) return scope.get(name);
  throw new IcingaError(`"${name}" is not defined`, at);
}

function* scopesOf({ locals, self, using, program }: Frame): Iterable<Dictionary> {
  yield locals;
  if (self instanceof Dictionary) yield self;
  yield* using;
  yield program.globals;
  for (const name of ["System", "Icinga", "Types"]) {
    const inside = program.globals.get(name);
    if (inside instanceof Dictionary) yield inside;
  }
}

/** A field, an item or a method. What is not there is null; nothing of nothing is nothing. */
function fieldOf(of: Value, by: Value, at: Place): Value {
  if (of === null) return null;
  if (Array.isArray(of) && typeof by === "number") {
    const item = of[by];
    if (item === undefined) throw new IcingaError(`There is no item ${by} of ${of.length}`, at);
    return item;
  }
  const name = textOf(by);
  if (of instanceof Dictionary && of.fields.has(name)) return of.get(name);
  const method = methodOf(of, name);
  if (method) return method;
  if (of instanceof Dictionary) return null;
  throw new IcingaError(`${typeOf(of)} has no field "${name}"`, at);
}

function called(node: Extract<Node, { kind: "call" }>, frame: Frame): Value {
  const { callee } = node;
  const self = callee.kind === "index" ? evaluate(callee.of, frame) : frame.self;
  const found =
    callee.kind === "index" ? fieldOf(self, evaluate(callee.by, frame), node.at) : evaluate(callee, frame);
  const given = node.given.map((one) => evaluate(one, frame));
  if (!(found instanceof Callable)) throw new IcingaError("What is called is not a function", node.at);
  return call(found, given, { self, frame, at: node.at });
}

export function call(
  of: Callable,
  given: readonly Value[],
  { self, frame, at }: { self: Value; frame: Frame; at: Place },
): Value {
  const { does } = of;
  if (typeof does === "function") return does(given, at);
  if (frame.depth > 100) throw new IcingaError("Functions call each other more than 100 deep", at);
  const locals = new Dictionary([
    ...does.taken,
    ...does.parameters.map((name, index) => [name, given[index] ?? null] as const),
  ]);
  try {
    return evaluateAll(does.body, { ...frame, self, locals, depth: frame.depth + 1 });
  } catch (cause) {
    if (cause instanceof Leaving && cause.how === "return") return cause.value;
    throw cause;
  }
}

function functionOf(node: Extract<Node, { kind: "function" }>, frame: Frame): Value {
  const does: Written = { parameters: node.parameters, body: node.body, taken: takenBy(node.uses, frame) };
  const made = new Callable(node.name, does);
  // Functions of the language call back those of the configuration.
  answerBy(made, (given, at) => call(made, given, { self: frame.self, frame, at }));
  if (node.name !== "" && frame.self instanceof Dictionary) frame.self.fields.set(node.name, made);
  return made;
}

/** What `use ( … )` takes along. */
export const takenBy = (uses: readonly Use[], frame: Frame): Map<string, Value> =>
  new Map(
    uses.map(({ name, value }) => [
      name,
      value ? evaluate(value, frame) : variable(name, frame, { file: "", line: 0 }),
    ]),
  );

function unary(sign: string, value: Value, at: Place): Value {
  if (sign === "!") return !isTrue(value);
  if (typeof value !== "number" && value !== null)
    throw new IcingaError(`"${sign}" cannot be applied to ${typeOf(value)}`, at);
  return sign === "-" ? 0 - Number(value) : sign === "~" ? ~Number(value) : Number(value);
}

function binary({ sign, left, right, at }: Extract<Node, { kind: "binary" }>, frame: Frame): Value {
  const a = evaluate(left, frame);
  if (sign === "&&") return isTrue(a) ? evaluate(right, frame) : a;
  if (sign === "||") return isTrue(a) ? a : evaluate(right, frame);
  return operate(sign, a, evaluate(right, frame), at);
}

function assign(node: Extract<Node, { kind: "set" }>, frame: Frame): void {
  const { target, scope, sign, at } = node;
  const { container, key } = placeOf(target, scope, frame);
  const given = evaluate(node.value, frame);
  if (Array.isArray(container)) {
    const index = Number(key);
    container[index] = sign === "=" ? given : operate(sign.slice(0, -1), container[index] ?? null, given, at);
    return;
  }
  const value = sign === "=" ? given : operate(sign.slice(0, -1), container.get(textOf(key)), given, at);
  container.fields.set(textOf(key), value);
}

interface Target {
  container: Dictionary | Value[];
  key: Value;
}

function placeOf(target: Node, scope: Extract<Node, { kind: "set" }>["scope"], frame: Frame): Target {
  if (target.kind === "variable") return { container: ownerOf(target.name, scope, frame), key: target.name };
  if (target.kind === "literal" && typeof target.value === "string")
    return { container: ownerOf(target.value, "this", frame), key: target.value };
  if (target.kind !== "index") throw new IcingaError("Nothing can be set there", target.at);
  return { container: containerAt(target.of, scope, frame), key: evaluate(target.by, frame) };
}

/** What lies at a node; where nothing does, a dictionary is put there. */
function containerAt(
  node: Node,
  scope: Extract<Node, { kind: "set" }>["scope"],
  frame: Frame,
): Dictionary | Value[] {
  if (node.kind === "variable" || node.kind === "index") {
    const { container, key } = placeOf(node, scope, frame);
    const there = Array.isArray(container) ? (container[Number(key)] ?? null) : container.get(textOf(key));
    if (there instanceof Dictionary || Array.isArray(there)) return there;
    if (there !== null) throw new IcingaError(`Nothing can be set inside of ${typeOf(there)}`, node.at);
    const made = new Dictionary();
    if (Array.isArray(container)) container[Number(key)] = made;
    else container.fields.set(textOf(key), made);
    return made;
  }
  const value = evaluate(node, frame);
  if (value instanceof Dictionary || Array.isArray(value)) return value;
  throw new IcingaError(`Nothing can be set inside of ${typeOf(value)}`, node.at);
}

function ownerOf(name: string, scope: Extract<Node, { kind: "set" }>["scope"], frame: Frame): Dictionary {
  const self = frame.self instanceof Dictionary ? frame.self : frame.program.globals;
  switch (scope) {
    case "this":
      return self;
    case "local":
      return frame.locals;
    case "global":
      return frame.program.globals;
    case "own":
      return [...scopesOf(frame)].find((one) => one.fields.has(name)) ?? self;
  }
}

function loop(node: Extract<Node, { kind: "for" | "while" }>, frame: Frame): void {
  const turn = (): boolean => {
    try {
      evaluateAll(node.body, frame);
      return true;
    } catch (cause) {
      if (cause instanceof Leaving && cause.how !== "return") return cause.how === "continue";
      throw cause;
    }
  };
  if (node.kind === "while") {
    while (isTrue(evaluate(node.condition, frame)) && turn()) {}
    return;
  }
  for (const [key, value] of entriesOf(evaluate(node.in, frame), node.value !== undefined, node.at)) {
    frame.locals.fields.set(node.key, key);
    if (node.value !== undefined) frame.locals.fields.set(node.value, value);
    if (!turn()) return;
  }
}

/** What `for` goes over: keys with values of a dictionary, or items of an array. */
export function entriesOf(of: Value, isPair: boolean, at: Place): [Value, Value][] {
  if (of === null) return [];
  if (of instanceof Dictionary && isPair) return of.keys().map((name) => [name, of.get(name)]);
  if (Array.isArray(of) && !isPair) return of.map((item) => [item, null]);
  throw new IcingaError(
    isPair
      ? `"for (a => b in …)" needs a dictionary, not ${typeOf(of)}`
      : `"for (a in …)" needs an array, not ${typeOf(of)}`,
    at,
  );
}

function attempt(node: Extract<Node, { kind: "try" }>, frame: Frame): Value {
  try {
    evaluateAll(node.body, frame);
  } catch (cause) {
    if (!(cause instanceof IcingaError)) throw cause;
    evaluateAll(node.otherwise, frame);
  }
  return null;
}

function namespace(node: Extract<Node, { kind: "namespace" }>, frame: Frame): void {
  const { container, key } = placeOf(node.name, "global", frame);
  if (Array.isArray(container)) return;
  const known = container.get(textOf(key));
  const made = known instanceof Dictionary ? known : new Dictionary([], "Namespace");
  container.fields.set(textOf(key), made);
  evaluateAll(node.body, { ...frame, self: made, locals: new Dictionary() });
}

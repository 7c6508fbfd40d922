import type { SyntaxNode } from "@lezer/common";
import type { BinaryOperator, Expr } from "../ast.ts";
import { parseError } from "../errors.ts";
import { convertBinary } from "./binary.ts";
import type { Source } from "./source.ts";

/** What an expression is made of outside of parentheses, as it is read. */
type Piece =
  | { kind: "operand"; expr: Expr }
  | { kind: "sign"; operator: "+" | "-"; node: SyntaxNode }
  | { kind: "operator"; operator: BinaryOperator; node: SyntaxNode };

interface Converters {
  /** What is no operator, sign or modifier. */
  operand(source: Source, node: SyntaxNode): Expr;
  /** A modifier on the operand before it. */
  attach(source: Source, node: SyntaxNode, operand: Expr): Expr;
}

/** So many operators in a row, or levels of powers and signs: more than anyone writes. */
export const deepest = 2000;

/**
 * Operators with what they stand between. `[5m]`, `[5m:1m]`, `offset` and `@` bind tighter than any operator, but the
 * grammar hangs them on the whole expression before them, so that what comes behind them stands apart from it too:
 * `a + b offset 5m * c` would be `(a + b offset 5m) * c`. So the tree is read for its pieces alone, which are put
 * together anew.
 */
export function convertOperators(source: Source, node: SyntaxNode, converters: Converters): Expr {
  return new Assembly(source, piecesOf(source, node, converters)).whole();
}

const modifiers = new Set([
  ...["MatrixSelector", "SubqueryExpr", "OffsetExpr"],
  ...["StepInvariantExpr", "AnchoredExpr", "SmoothedExpr"],
]);
export const hasOperators = ({ name }: SyntaxNode): boolean =>
  name === "BinaryExpr" || name === "UnaryExpr" || modifiers.has(name);

/** From left to right. A long chain would fill the stack: what is still to be done stands in a list. */
function piecesOf(source: Source, root: SyntaxNode, { operand, attach }: Converters): Piece[] {
  const pieces: Piece[] = [];
  const work: (() => void)[] = [];
  const visit = (node: SyntaxNode) => {
    if (node.name === "BinaryExpr") {
      const children = source.children(node);
      const [first, sign] = children;
      const last = children.at(-1);
      if (!first || !sign || !last || children.length < 3)
        throw parseError(source.original, node, "unexpected end of input");
      const operator = source.slice(sign).toLowerCase() as BinaryOperator;
      work.push(
        () => visit(last),
        () => void pieces.push({ kind: "operator", operator, node }),
        () => visit(first),
      );
    } else if (node.name === "UnaryExpr") {
      const operator = source.slice(source.child(node, 0)) === "-" ? "-" : "+";
      pieces.push({ kind: "sign", operator, node });
      work.push(() => visit(source.child(node, 1)));
    } else if (modifiers.has(node.name)) {
      const inner = source.child(node, 0);
      work.push(
        () => {
          const last = pieces.at(-1);
          if (last?.kind === "operand") last.expr = attach(source, node, last.expr);
        },
        () => visit(inner),
      );
    } else pieces.push({ kind: "operand", expr: operand(source, node) });
  };
  visit(root);
  for (let next = work.pop(); next; next = work.pop()) next();
  return pieces;
}

const power = 6;
/** How tight each binds. Powers are put together from the right, all others from the left. */
function strengthOf(operator: BinaryOperator): number {
  switch (operator) {
    case "or":
      return 1;
    case "and":
    case "unless":
      return 2;
    case "==":
    case "!=":
    case ">":
    case "<":
    case ">=":
    case "<=":
    case "</":
    case ">/":
      return 3;
    case "+":
    case "-":
      return 4;
    case "*":
    case "/":
    case "%":
    case "atan2":
      return 5;
    case "^":
      return power;
  }
}

class Assembly {
  readonly #source: Source;
  readonly #pieces: readonly Piece[];
  #next = 0;
  #depth = 0;

  constructor(source: Source, pieces: readonly Piece[]) {
    this.#source = source;
    this.#pieces = pieces;
  }

  whole(): Expr {
    const inRow = this.#pieces.filter((piece) => piece.kind === "operator" && piece.operator !== "^");
    const [first] = inRow;
    if (first?.kind === "operator" && inRow.length > deepest)
      throw parseError(
        this.#source.original,
        first.node,
        `more than ${deepest} operators in a row: split the query`,
      );
    return this.#climb(1, this.#operand());
  }

  /** As many operators behind `left` as bind at least that tight. */
  #climb(least: number, left: Expr): Expr {
    let expr = left;
    for (;;) {
      const piece = this.#pieces[this.#next];
      if (piece?.kind !== "operator") return expr;
      const strength = strengthOf(piece.operator);
      if (strength < least) return expr;
      this.#next++;
      const operand = this.#operand();
      const right = this.#deeper(operand, () =>
        this.#climb(strength === power ? power : strength + 1, operand),
      );
      expr = convertBinary(this.#source, piece.node, { operator: piece.operator, left: expr, right });
    }
  }

  #operand(): Expr {
    const piece = this.#pieces[this.#next++];
    if (piece?.kind === "sign") {
      const { operator, node } = piece;
      const inner = this.#deeper(node, () => this.#climb(power, this.#operand()));
      return { kind: "unary", operator, inner, from: node.from, to: inner.to };
    }
    if (piece?.kind !== "operand")
      throw parseError(this.#source.original, this.#source.original.length, "unexpected end of input");
    return this.#signLast(piece.expr);
  }

  /** `-1 ^ 2` is -(1 ^ 2), but the grammar reads the sign as part of the number. */
  #signLast(expr: Expr): Expr {
    const following = this.#pieces[this.#next];
    if (expr.kind !== "number" || following?.kind !== "operator" || following.operator !== "^") return expr;
    const operator = this.#source.text[expr.from];
    if (operator !== "-" && operator !== "+") return expr;
    const value = operator === "-" ? -expr.value : expr.value;
    const number: Expr = { ...expr, value, from: expr.from + 1 };
    const inner = this.#deeper(expr, () => this.#climb(power, number));
    return { kind: "unary", operator, inner, from: expr.from, to: inner.to };
  }

  #deeper(at: { from: number }, work: () => Expr): Expr {
    if (++this.#depth > deepest)
      throw parseError(this.#source.original, at.from, "the expression is nested too deeply");
    const made = work();
    this.#depth--;
    return made;
  }
}

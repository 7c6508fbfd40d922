import { repeatedStates } from "@havn/model/regexp";
import type { SyntaxNode } from "@lezer/common";
import { parseError } from "../errors.ts";
import { findNumber, findString } from "./literals.ts";

/** What counted repetitions may add to all regular expressions of a query: compiling them holds everything else up. */
const mostRepeated = 20_000;

/** The text of a query beside its tree. `text` is what was parsed, `original` what the user wrote: equal in length. */
export class Source {
  readonly original: string;
  readonly text: string;
  /** How deep the expression is that is being converted. */
  depth = 0;
  #repeated = 0;

  constructor(original: string, text: string) {
    this.original = original;
    this.text = text;
  }

  slice(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  /** As the user wrote it: see `normalise`. */
  written(node: SyntaxNode): string {
    return this.original.slice(node.from, node.to);
  }

  children(node: SyntaxNode): SyntaxNode[] {
    const children: SyntaxNode[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling)
      if (child.name !== "LineComment") children.push(child);
    return children;
  }

  child(node: SyntaxNode, index: number): SyntaxNode {
    const child = this.children(node)[index];
    if (!child) throw parseError(this.original, node, `incomplete ${node.name}`);
    return child;
  }

  number(node: SyntaxNode): number {
    const value = findNumber(this.slice(node));
    if (value === undefined)
      throw parseError(this.original, node, `bad number or duration syntax: "${this.slice(node)}"`);
    return value;
  }

  string(node: SyntaxNode): string {
    const value = findString(this.slice(node));
    if (value === undefined) throw parseError(this.original, node, `bad string literal: ${this.slice(node)}`);
    this.#repeated += repeatedStates(value);
    if (this.#repeated > mostRepeated)
      throw parseError(this.original, node, "the regular expressions repeat too much");
    return value;
  }

  /** Names inside `(a, b, "c d")`. */
  grouping(node: SyntaxNode | null): string[] {
    if (!node) return [];
    return this.children(node).map((child) =>
      child.name === "QuotedLabelName" ? this.string(this.child(child, 0)) : this.slice(child),
    );
  }
}

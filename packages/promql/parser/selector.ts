import type { SyntaxNode } from "@lezer/common";
import type { VectorSelector } from "../ast.ts";
import { parseError } from "../errors.ts";
import type { Matcher } from "../querier.ts";
import { compileAnchored } from "../regexp.ts";
import type { Source } from "./source.ts";

export function convertSelector(source: Source, node: SyntaxNode): VectorSelector {
  const matchers: Matcher[] = [];
  const identifier = node.getChild("Identifier");
  let name = identifier ? source.slice(identifier) : undefined;
  const body = node.getChild("LabelMatchers");
  for (const child of body ? source.children(body) : []) {
    if (child.name === "QuotedLabelName") {
      const quoted = source.string(source.child(child, 0));
      if (name !== undefined)
        throw parseError(
          source.original,
          child,
          `metric name must not be set twice: "${name}" or "${quoted}"`,
        );
      name = quoted;
    } else matchers.push(convertMatcher(source, child));
  }
  if (name !== undefined) {
    if (matchers.some((matcher) => matcher.name === "__name__" && matcher.operator === "="))
      throw parseError(source.original, node, `metric name must not be set twice: "${name}"`);
    matchers.unshift({ name: "__name__", operator: "=", value: name });
  }
  return { kind: "selector", matchers, from: node.from, to: node.to };
}

function convertMatcher(source: Source, node: SyntaxNode): Matcher {
  const label = source.child(node, 0);
  const name = label.name === "QuotedLabelName" ? source.string(source.child(label, 0)) : source.slice(label);
  const operator = source.slice(source.child(node, 1)) as Matcher["operator"];
  const value = source.string(source.child(node, 2));
  if (operator === "=~" || operator === "!~") {
    try {
      compileAnchored(value);
    } catch {
      throw parseError(source.original, source.child(node, 2), `invalid regular expression "${value}"`);
    }
  }
  return { name, operator, value };
}

import { HavnError } from "@havn/model";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
} from "yaml";
import type { Branch, Leaf, Tree } from "./tree.ts";

/** YAML's and JSON's values; every JSON text is a YAML text, and this parser keeps the order of its keys. */
export function parseTree(text: string, format: "yaml" | "json"): Branch[] {
  const documents = parseAllDocuments(text, {
    schema: format === "json" ? "json" : "core",
    intAsBigInt: true,
    prettyErrors: true,
    merge: false,
    // Values written twice would be a way to show one and use the other.
    uniqueKeys: true,
  }) as Document.Parsed[];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error)
      throw new HavnError(`It is not sound ${format.toUpperCase()}`, {
        detail: `${error.message.split("\n")[0]?.replace(/:$/, "")}. Correct it there.`,
        status: 400,
      });
    const tree = read(document.contents, document, 0);
    if (tree.kind === "map") return tree;
    if (tree.kind === "leaf" && tree.value === null) return { kind: "map", items: [] };
    throw new HavnError("SOPS files are objects at their top, and this one is not", { status: 400 });
  });
}

const deepest = 200;

function read(node: unknown, document: Document, depth: number): Tree {
  if (depth > deepest) throw new HavnError(`It is nested more than ${deepest} deep`, { status: 400 });
  const inner = (child: unknown) => read(child, document, depth + 1);
  // SOPS writes none; a few lines of them stand for more than any memory holds.
  if (isAlias(node))
    throw new HavnError("It holds an alias (*), which SOPS never writes", {
      detail: "Encrypt it anew with SOPS.",
      status: 400,
    });
  if (isMap(node))
    return {
      kind: "map",
      items: node.items.map(({ key, value }) => ({
        key: String(isScalar(key) ? key.value : key),
        value: inner(value),
      })),
    };
  if (isSeq(node)) return { kind: "list", items: node.items.map(inner) };
  return isScalar(node) ? scalar(node) : { kind: "leaf", value: null };
}

function scalar({ value, source, type }: Scalar & Partial<Node>): Leaf {
  // SOPS reads unquoted dates as times and writes them out in full.
  if (typeof value === "string" && type === "PLAIN" && source && /^\d{4}-\d{2}-\d{2}$/.test(source))
    return { kind: "leaf", value: `${source}T00:00:00Z` };
  const known = ["string", "number", "bigint", "boolean"].includes(typeof value);
  return { kind: "leaf", value: known ? (value as Leaf["value"]) : null };
}

/** A file's values in their order: the MAC is over them as they stand. Comments are no part of it. */
export type Tree = Branch | List | Leaf;

export interface Branch {
  kind: "map";
  items: { key: string; value: Tree }[];
}

export interface List {
  kind: "list";
  items: Tree[];
}

export interface Leaf {
  kind: "leaf";
  /** bigint for every whole number. */
  value: string | number | bigint | boolean | null;
}

export function entry(tree: Tree, part: string | number): Tree | undefined {
  if (tree.kind === "list") return typeof part === "number" ? tree.items[part] : undefined;
  if (tree.kind === "map") return tree.items.find(({ key }) => key === String(part))?.value;
  return undefined;
}

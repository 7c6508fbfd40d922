import type { Place } from "./tokens.ts";

/** What is written, as a tree. */
export type Node = { at: Place } & (
  | { kind: "literal"; value: null | boolean | number | string }
  | { kind: "variable"; name: string }
  | { kind: "scope"; name: "this" | "globals" | "locals" }
  | { kind: "index"; of: Node; by: Node }
  | { kind: "call"; callee: Node; given: Node[] }
  | { kind: "array"; items: Node[] }
  | { kind: "dictionary"; body: Node[] }
  | { kind: "unary"; sign: string; operand: Node }
  | { kind: "binary"; sign: string; left: Node; right: Node }
  | { kind: "choice"; condition: Node; yes: Node[]; otherwise: Node[] }
  | { kind: "set"; target: Node; sign: string; value: Node; scope: "this" | "local" | "global" | "own" }
  | { kind: "function"; name: string; parameters: string[]; uses: Use[]; body: Node[] }
  | { kind: "for"; key: string; value: string | undefined; in: Node; body: Node[] }
  | { kind: "while"; condition: Node; body: Node[] }
  | { kind: "leave"; how: "return" | "break" | "continue" | "throw"; value: Node | undefined }
  | { kind: "try"; body: Node[]; otherwise: Node[] }
  | { kind: "import"; name: Node }
  | {
      kind: "include";
      path: Node;
      how: "file" | "library" | "recursive" | "zones";
      pattern: Node | undefined;
    }
  | { kind: "namespace"; name: Node; body: Node[] }
  | { kind: "using"; of: Node }
  | ObjectNode
  | ApplyNode
);

/** What a function or object takes along from where it is written. */
export interface Use {
  name: string;
  value: Node | undefined;
}

interface Filter {
  assign: Node | undefined;
  ignore: Node | undefined;
}

export interface ObjectNode extends Filter {
  kind: "object";
  isTemplate: boolean;
  isDefault: boolean;
  type: Node;
  name: Node | undefined;
  uses: Use[];
  body: Node[];
  at: Place;
}

export interface ApplyNode extends Filter {
  kind: "apply";
  isTemplate: false;
  type: Node;
  name: Node | undefined;
  target: string | undefined;
  each: { key: string; value: string | undefined; in: Node } | undefined;
  uses: Use[];
  body: Node[];
  at: Place;
}

import type { Diagnostic, Location } from "@havn/model";
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";

/** The name that was probably meant; undefined where none is close. */
export type Suggest = (written: string, names: readonly string[]) => string | undefined;

/** A YAML file that knows where each of its values stands. */
export interface YamlFile {
  file: string;
  value: unknown;
  /** Of the key or entry at a path, or of the nearest thing around it. */
  at(path: readonly PropertyKey[]): Location;
}

/** Aliases that one file may open: a small file must not become a large memory. */
const mostAliases = 100;

/** Throws nothing: what is no YAML is told. */
export function readYaml(file: string, text: string): YamlFile | Diagnostic {
  const lines = new LineCounter();
  // What it would warn of by itself, through the process, shows the file's text.
  const quiet = { prettyErrors: false, logLevel: "error" } as const;
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, ...quiet });
  const place = (offset: number | undefined): Location => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = document.errors;
  if (error) return fault(place(error.pos[0]), `${file} is no YAML`, `${error.message}.`);
  const key = oddKey(document);
  if (key !== undefined)
    return fault(
      place(key),
      `${file} has a key that is no word`,
      "A key is a list or a map. Correct that line.",
    );
  try {
    return {
      file,
      value: document.toJS({ maxAliasCount: mostAliases }) as unknown,
      at: (path) => place(offsetOf(document.contents, path)),
    };
  } catch (cause) {
    return fault(place(0), `${file} cannot be read`, `${(cause as Error).message}.`);
  }
}

/** Where a key is a list, a map or an alias of one. */
function oddKey(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Pair(_, { key }) {
      if (!isNode(key) || isScalar(key)) return undefined;
      found = key.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

function offsetOf(contents: unknown, path: readonly PropertyKey[]): number {
  let node = contents;
  let found = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part));
      if (!pair || !isScalar(pair.key)) break;
      found = pair.key.range?.[0] ?? found;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      found = range?.[0] ?? found;
    } else break;
  }
  return found;
}

/** The value as `schema` has it, or what is wrong, each with its line; unknown keys by name. */
export function checkYaml<S extends z.ZodType>(
  yaml: YamlFile,
  schema: S,
  options: { suggest: Suggest; path?: readonly PropertyKey[]; value?: unknown },
): { value: z.output<S> } | { faults: Diagnostic[] } {
  const { suggest, path = [], value = yaml.value } = options;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  return {
    faults: parsed.error.issues.flatMap((issue) =>
      issueFaults(issue, { yaml, schema, suggest, outer: path }),
    ),
  };
}

interface Context {
  yaml: YamlFile;
  schema: z.ZodType;
  suggest: Suggest;
  /** Where in the file that lies which was checked. */
  outer: readonly PropertyKey[];
}

function issueFaults(issue: z.core.$ZodIssue, { yaml, schema, suggest, outer }: Context): Diagnostic[] {
  const path = [...outer, ...issue.path];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const meant = suggest(key, keysOf(schema, issue.path));
      const detail = meant === undefined ? "Remove it, or correct its name." : `Did you mean "${meant}"?`;
      const where = path.length === 0 ? "" : ` in ${pathName(path)}`;
      return fault(yaml.at([...path, key]), `Unknown key "${key}"${where}`, detail);
    });
  return [fault(yaml.at(path), `${pathName(path)} is not valid`, `${capital(messageOf(issue))}.`)];
}

/** Keys that a schema takes at a path. */
function keysOf(schema: unknown, path: readonly PropertyKey[]): string[] {
  let here = unwrapped(schema);
  for (const part of path) {
    if (here instanceof z.ZodArray) here = unwrapped(here.element);
    else if (here instanceof z.ZodRecord) here = unwrapped(here.valueType);
    else if (here instanceof z.ZodObject) here = unwrapped(here.shape[String(part)]);
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union") return issue.message.replace(/^Invalid input: /, "");
  const inner = issue.errors.flat().map(messageOf);
  return inner.length === 0 ? issue.message : [...new Set(inner)].join(", or ");
}

/** `scrape_configs[0].static_configs`. */
const pathName = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? "The file"
    : path
        .map((part, at) => (typeof part === "number" ? `[${part}]` : `${at > 0 ? "." : ""}${String(part)}`))
        .join("");

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export const fault = (at: Location, summary: string, detail: string): Diagnostic => ({
  severity: "error",
  ...{ summary, detail, at },
});

export const warning = (at: Location, summary: string, detail: string): Diagnostic => ({
  severity: "warning",
  ...{ summary, detail, at },
});

export const isFault = (read: YamlFile | Diagnostic): read is Diagnostic => "severity" in read;

import { basename, dirname, isAbsolute, join } from "node:path";
import type { Diagnostic } from "@havn/model";
import { builtIn } from "./language/builtin.ts";
import { evaluate, evaluateAll, type Frame, type Program, takenBy } from "./language/evaluate.ts";
import { parseIcinga } from "./language/parse.ts";
import type { ApplyNode, Node, ObjectNode } from "./language/syntax.ts";
import { IcingaError, type Place } from "./language/tokens.ts";
import { Dictionary, textOf, type Value } from "./language/values.ts";

/** Where a configuration is read from. */
export interface IcingaFiles {
  /** Undefined where there is no such file. */
  read(path: string): string | undefined;
  /** Paths of files by a pattern with `*`, `?` and `**`, sorted. */
  glob(pattern: string): string[];
}

export interface IcingaOptions {
  /** Set before anything is read, as `icinga2 daemon -D`. */
  constants: Readonly<Record<string, string>>;
  /** Where `include <itl>` looks. */
  library: string;
}

/** An object or template that was declared; its body is evaluated when the object is made. */
export interface Declared {
  node: ObjectNode;
  type: string;
  name: string;
  taken: ReadonlyMap<string, Value>;
}

export interface Rule {
  node: ApplyNode;
  type: string;
  target: string;
  name: string;
  taken: ReadonlyMap<string, Value>;
}

/** What all files together declare. */
export interface Declarations {
  program: Program;
  objects: Declared[];
  templates: ReadonlyMap<string, Declared[]>;
  rules: Rule[];
  diagnostics: Diagnostic[];
  frame(self: Value, locals: Iterable<readonly [string, Value]>): Frame;
  told(cause: unknown, what: string): void;
}

/** Steps after which a configuration is taken to have no end. Real ones of ten thousand services take a million. */
const mostSteps = 50_000_000;
/** Templates that Icinga has built in, and what they make of a command. */
const builtInTemplates: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "icinga",
      "cluster",
      "cluster-zone",
      "dummy",
      "random",
      "exception",
      "null",
      "ido",
      "sleep",
      "clr",
      "plugin",
    ].map((name) => [`${name}-check-command`, name]),
  ),
  ...{
    "plugin-notification-command": "plugin",
    "plugin-event-command": "plugin",
    "legacy-timeperiod": "legacy",
  },
};

/** Where Debian's package has things. */
const folders: Readonly<Record<string, string>> = {
  ...{
    PrefixDir: "/usr",
    SysconfDir: "/etc",
    LocalStateDir: "/var",
    RunDir: "/run",
    PkgDataDir: "/usr/share/icinga2",
  },
  ...{ DataDir: "/var/lib/icinga2", CacheDir: "/var/cache/icinga2", LogDir: "/var/log/icinga2" },
  ...{ SpoolDir: "/var/spool/icinga2", ZonesDir: "/etc/icinga2/zones.d", InitRunDir: "/run/icinga2" },
};

/** Reads a file with all that it includes. */
export function readDeclarations(
  main: string,
  files: IcingaFiles,
  { constants, library }: IcingaOptions,
): Declarations {
  const globals = new Dictionary([], "Namespace");
  globals.fields.set("System", builtIn());
  for (const [name, value] of Object.entries({ ...folders, ConfigDir: dirname(main), ...constants }))
    globals.fields.set(name, value);
  const objects: Declared[] = [];
  const templates = new Map<string, Declared[]>();
  const rules: Rule[] = [];
  const diagnostics: Diagnostic[] = [];
  const reading: string[] = [];
  let steps = 0;

  const told = (cause: unknown, what: string) => {
    if (!(cause instanceof IcingaError)) throw cause;
    const { file, line } = cause.place;
    const at = file === "" ? undefined : { file, line, column: 1 };
    const known = diagnostics.some(
      (one) => one.summary === cause.message && one.at?.file === at?.file && one.at?.line === at?.line,
    );
    if (!known)
      diagnostics.push({ severity: "error", summary: cause.message, detail: what, ...(at && { at }) });
  };

  const program: Program = {
    globals,
    step(at) {
      if (++steps > mostSteps) throw new IcingaError(`It did not end within ${mostSteps} steps`, at);
    },
    declare(node, frame) {
      const type = typeNamed(node.type);
      const name = node.name ? textOf(evaluate(node.name, frame)) : "";
      const declared = { node, type, name, taken: takenBy(node.uses, frame) };
      if (!node.isTemplate) objects.push(declared);
      const key = `${type} ${name}`;
      templates.set(key, [...(templates.get(key) ?? []), declared]);
    },
    apply(node, frame) {
      const type = typeNamed(node.type);
      const name = node.name ? textOf(evaluate(node.name, frame)) : "";
      const target = node.target ?? (type === "Service" ? "Host" : undefined);
      if (target === undefined)
        throw new IcingaError(`apply ${type} needs "to Host" or "to Service"`, node.at);
      if (!node.assign && !node.each)
        throw new IcingaError(`apply ${type} "${name}" needs "assign where"`, node.at);
      rules.push({ node, type, target, name, taken: takenBy(node.uses, frame) });
    },
    importInto(name, frame, at) {
      const { self } = frame;
      if (!(self instanceof Dictionary) || self.of === undefined)
        throw new IcingaError(`"${name}" cannot be imported outside of an object`, at);
      const execute = builtInTemplates[name];
      if (execute !== undefined) {
        self.fields.set("execute", execute);
        if (execute === "sleep") self.fields.set("vars", new Dictionary([["sleep_time", 1]]));
        return;
      }
      const template = templates.get(`${self.of} ${name}`)?.at(-1);
      if (!template) throw new IcingaError(`Template "${name}" of ${self.of} is not defined`, at);
      if (frame.depth > 50) throw new IcingaError(`Template "${name}" imports itself`, at);
      for (const [taken, value] of template.taken) frame.locals.fields.set(taken, value);
      evaluateAll(template.node.body, { ...frame, depth: frame.depth + 1 });
    },
    include(node, path, frame) {
      for (const found of pathsOf(node, path)) load(found, frame, node.at);
    },
  };

  function pathsOf({ how, pattern, at }: Extract<Node, { kind: "include" }>, path: string): string[] {
    if (how === "library") return [join(library, path)];
    const full = isAbsolute(path) ? path : join(dirname(at.file), path);
    if (how === "file") return /[*?]/.test(full) ? files.glob(full) : [full];
    const matching = pattern?.kind === "literal" ? textOf(pattern.value) : "*.conf";
    return files.glob(join(full, "**", matching));
  }

  function load(path: string, frame: Frame, at: Place): void {
    const text = files.read(path);
    if (text === undefined) {
      const hint = path.startsWith(`${library}/`) ? ` Icinga's library is looked for in ${library}.` : "";
      told(new IcingaError(`${path} cannot be read`, at), `What it declares is missing.${hint}`);
      return;
    }
    if (reading.includes(path)) throw new IcingaError(`${basename(path)} includes itself`, at);
    reading.push(path);
    const { statements, errors } = parseIcinga(text, path);
    for (const error of errors) told(error, "The statement is left out.");
    // Statements are taken one by one: what one of them lacks is no matter of the others.
    const inFile = { ...frame };
    for (const statement of statements)
      try {
        evaluate(statement, inFile);
      } catch (cause) {
        if (cause instanceof IcingaError) told(cause, "The statement is left out.");
        else if (cause instanceof Error && /^(return|break|continue)$/.test(cause.message)) break;
        else throw cause;
      }
    reading.pop();
  }

  const frame: Declarations["frame"] = (self, locals) => ({
    ...{ program, self, locals: new Dictionary(locals), using: [], depth: 0 },
  });
  load(main, frame(globals, []), { file: "", line: 0 });
  for (const { type, name, node } of [...objects])
    if (type === "Zone")
      for (const path of files.glob(join(dirname(main), "zones.d", name, "**", "*.conf")))
        load(path, frame(globals, []), node.at);
  return { program, objects, templates, rules, diagnostics, frame, told };
}

/** The type that is named: a plain word. */
function typeNamed(node: Node): string {
  if (node.kind === "variable") return node.name;
  if (node.kind === "literal" && typeof node.value === "string") return node.value;
  throw new IcingaError("The name of a type is missing", node.at);
}

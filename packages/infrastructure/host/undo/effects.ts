import { dirname, join } from "node:path";
import type { Operation, Undo } from "../../resources/type.ts";
import { describeOperation } from "../operations.ts";
import { resolveHome } from "../set-line.ts";
import { namesIn } from "../unpack.ts";
import type { Aspect } from "./aspect.ts";
import { commandEffects } from "./commands.ts";

/** What an operation does to a host, as far as undoing it goes. */
export type Effect =
  /** Its state before is recorded and can be put back. */
  | { does: "aspect"; aspect: Aspect }
  /** What is done once more when all else is back: a restart, for example. `soon`: when the resource itself is. */
  | { does: "again"; command: string[]; unit?: string; soon?: boolean }
  /** Declared: run in place of what cannot be worked out. */
  | {
      does: "run";
      command: string[];
      stdin?: string;
      user?: string;
      cwd?: string;
      env?: Record<string, string>;
    }
  /** Stays as it is, and why. */
  | { does: "never"; why: string };

export const aspect = (one: Aspect): Effect => ({ does: "aspect", aspect: one });
export const onPath = (path: string): Effect => aspect({ kind: "path", path });

/** In the order of the operation's own work. Reads archives for the names in them; changes nothing. */
export async function effectsOf(operation: Operation): Promise<Effect[]> {
  switch (operation.kind) {
    case "write":
    case "set attributes":
    case "make directory":
    case "remove directory":
    case "symlink":
    case "restore copy":
    case "download":
    case "fetch":
      return [onPath(operation.path)];
    case "hard link":
      return [aspect({ kind: "path", path: operation.path, twin: operation.target })];
    case "remove file": {
      const { path, twin } = operation;
      return [aspect({ kind: "path", path, ...(twin !== undefined && { twin }) })];
    }
    case "set line": {
      const path = await resolveHome(operation.path, operation.as).catch(() => undefined);
      if (path === undefined) return [];
      return [...(operation.as === undefined ? [] : [onPath(dirname(path))]), onPath(path)];
    }
    case "remove tree":
      return [aspect({ kind: "tree", path: operation.path })];
    case "unpack":
      return unpacked(operation);
    case "issue certificate":
      return [operation.authority, operation.key, operation.certificate].flatMap((path) =>
        path === undefined ? [] : [onPath(dirname(path)), onPath(path)],
      );
    case "load firewall":
      return [aspect({ kind: "firewall", family: operation.family, name: operation.name })];
    case "apt": {
      const { manager, install, remove, removeOnly = [], answers } = operation;
      const named = [...install.map((entry) => entry.split("=")[0] ?? entry), ...remove, ...removeOnly];
      if (manager) return [aspect({ kind: "other packages", manager, named })];
      return [
        ...(answers ? [never("the answers that were given to debconf stay")] : []),
        aspect({ kind: "packages", named, purged: remove }),
        ...(remove.length > 0
          ? [never("what the purged packages kept outside their configuration files is gone")]
          : []),
      ];
    }
    case "run":
      return operation.undo ? declared(operation.undo, {}) : commandEffects(operation);
    case "execute": {
      const { undo, user, cwd, env } = operation;
      if (undo) return declared(undo, { ...(user && { user }), ...(cwd && { cwd }), ...(env && { env }) });
      return [never(`${describeOperation(operation).join(" ")} was run`)];
    }
    case "request":
      if (operation.undo) return declared(operation.undo, {});
      return ["GET", "HEAD"].includes(operation.method)
        ? []
        : [never(`${describeOperation(operation).join(" ")} was sent`)];
    // Copies that are kept are no part of what is declared; the rest changes nothing that could be put back.
    case "keep copy":
    case "wait":
    case "reboot":
    case "note":
      return [];
  }
}

const never = (why: string): Effect => ({ does: "never", why });

function declared(undo: Undo, as: { user?: string; cwd?: string; env?: Record<string, string> }): Effect[] {
  if ("never" in undo) return [never(undo.never)];
  const { user, cwd, env } = as;
  if ("checkout" in undo) return [aspect({ kind: "checkout", path: undo.checkout, ...(user && { user }) })];
  const { command, stdin, remains } = undo;
  return [
    ...(remains === undefined ? [] : [never(remains)]),
    {
      does: "run",
      command,
      ...(stdin !== undefined && { stdin }),
      ...(user && { user }),
      ...(cwd && { cwd }),
      ...(env && { env }),
    },
  ];
}

async function unpacked(operation: Operation & { kind: "unpack" }): Promise<Effect[]> {
  const names = await namesIn(operation).catch(() => undefined);
  if (!names) return [never(`${operation.archive} was unpacked into ${operation.path}`)];
  const paths = new Set<string>([operation.path]);
  for (const name of names) {
    const parts = name.split("/");
    for (let depth = 1; depth <= parts.length; depth++)
      paths.add(join(operation.path, ...parts.slice(0, depth)));
  }
  return [...paths].sort().map(onPath);
}

import { createHash } from "node:crypto";
import { HavnError } from "@havn/model";
import { setLine } from "../resources/lines.ts";
import type { Attributes, FileStat, FileView, Operation } from "../resources/type.ts";
import { isAccountProgram, simulateAccounts } from "./simulate-accounts.ts";

/** The files of a host as they will be: what operations would do is kept here, nothing is done. */
export interface Overlay {
  files: FileView;
  /** Whether anything that was simulated is at, above or below one of `paths`. */
  touches(paths: readonly string[]): boolean;
  simulate(operation: Operation): Promise<void>;
}

type Simulated =
  | { kind: "absent" }
  /** Neither bytes nor digest: nobody can know them yet. */
  | { kind: "file"; bytes?: Buffer | undefined; digest?: string | undefined; stat: FileStat }
  | { kind: "directory"; stat: FileStat; emptied: boolean }
  | { kind: "link"; target: string; stat: FileStat };

export function createOverlay(base: FileView): Overlay {
  const simulated = new Map<string, Simulated>();
  /** Every folder above something that was simulated. */
  const above = new Set<string>();
  let made = 0;

  function put(path: string, state: Simulated): void {
    simulated.set(path, state);
    for (const folder of foldersOf(path)) above.add(folder);
  }

  const newStat = (kind: FileStat["kind"], attributes: Attributes, old?: FileStat): FileStat => ({
    kind,
    size: 0,
    identity: `simulated:${++made}`,
    owner: attributes.owner ?? old?.owner ?? "root",
    group: attributes.group ?? old?.group ?? "root",
    mode: (
      attributes.mode ?? (old?.kind === kind ? old.mode : kind === "directory" ? "0755" : "0644")
    ).padStart(4, "0"),
  });

  /** What was simulated at `path`, or follows from what was above it. */
  function find(path: string): Simulated | undefined {
    const own = simulated.get(path);
    if (own) return own;
    for (const folder of foldersOf(path)) {
      const state = simulated.get(folder);
      if (state?.kind === "directory" && !state.emptied) continue;
      if (state) return { kind: "absent" };
    }
    return undefined;
  }

  /** With owners as they will be called, where accounts were made, renumbered or removed. */
  async function named(stat: FileStat | undefined): Promise<FileStat | undefined> {
    if (!stat || !simulated.has("/etc/passwd")) return stat;
    const name = async (path: string, before: string) => {
      const ids = (text: Buffer) =>
        text
          .toString()
          .split("\n")
          .map((line) => line.split(":"));
      const id = ids(await base.read(path)).find(([known]) => known === before)?.[2] ?? before;
      return ids(await files.read(path)).find((row) => row[2] === id)?.[0] ?? id;
    };
    return {
      ...stat,
      owner: await name("/etc/passwd", stat.owner),
      group: await name("/etc/group", stat.group),
    };
  }

  const files: FileView = {
    async stat(path) {
      const state = find(path);
      if (!state) return named(await base.stat(path));
      return state.kind === "absent" ? undefined : state.stat;
    },
    async read(path) {
      const state = find(path);
      if (!state) return base.read(path);
      if (state.kind === "file" && state.bytes) return state.bytes;
      throw unknown(path);
    },
    async digest(path) {
      const state = find(path);
      if (!state) return base.digest(path);
      if (state.kind === "file" && state.digest) return state.digest;
      if (state.kind === "file" && state.bytes) return sha256(state.bytes);
      throw unknown(path);
    },
    async target(path) {
      const state = find(path);
      return state?.kind === "link" ? state.target : base.target(path);
    },
    async list(path) {
      const state = find(path);
      const names = new Set(state ? [] : await base.list(path));
      if (state?.kind === "directory" && !state.emptied)
        for (const name of await base.list(path).catch(() => [])) names.add(name);
      const prefix = path === "/" ? "/" : `${path}/`;
      for (const [one, { kind }] of simulated) {
        if (!one.startsWith(prefix) || one.slice(prefix.length).includes("/")) continue;
        if (kind === "absent") names.delete(one.slice(prefix.length));
        else names.add(one.slice(prefix.length));
      }
      return [...names].sort();
    },
  };

  async function bytesOf(path: string): Promise<Pick<Simulated & { kind: "file" }, "bytes" | "digest">> {
    const state = find(path);
    if (state) return state.kind === "file" ? { bytes: state.bytes, digest: state.digest } : {};
    const found = await base.stat(path);
    if (!found || found.size > 4 * 1024 * 1024)
      return { digest: await base.digest(path).catch(() => undefined) };
    return { bytes: await base.read(path) };
  }

  const putFile = async (
    path: string,
    { size, ...content }: { bytes?: Buffer; digest?: string; size?: number },
    attributes: Attributes,
  ) =>
    put(path, {
      kind: "file",
      ...content,
      stat: {
        ...newStat("file", attributes, await files.stat(path)),
        size: size ?? content.bytes?.length ?? 0,
      },
    });

  function removeTree(path: string): void {
    for (const one of [...simulated.keys()]) if (one.startsWith(`${path}/`)) simulated.delete(one);
    put(path, { kind: "absent" });
  }

  async function setAttributes(path: string, attributes: Attributes): Promise<void> {
    const old = await files.stat(path);
    if (!old) return;
    const stat = { ...old, ...newStat(old.kind, attributes, old), size: old.size, identity: old.identity };
    const state = find(path);
    if (old.kind === "file") put(path, { kind: "file", ...(await bytesOf(path)), stat });
    else if (old.kind === "link") put(path, { kind: "link", target: await files.target(path), stat });
    else put(path, { kind: "directory", stat, emptied: state?.kind === "directory" && state.emptied });
  }

  async function runAccounts({ command, stdin }: Operation & { kind: "run" }): Promise<void> {
    if (!isAccountProgram(command)) return;
    const paths = { passwd: "/etc/passwd", group: "/etc/group", shadow: "/etc/shadow" } as const;
    const text = async (path: string) => (await files.read(path).catch(() => Buffer.of())).toString("utf8");
    const before = {
      passwd: await text(paths.passwd),
      group: await text(paths.group),
      shadow: await text(paths.shadow),
      defs: await text("/etc/login.defs"),
    };
    const after = simulateAccounts(command, before, stdin);
    for (const name of ["passwd", "group", "shadow"] as const)
      await putFile(paths[name], { bytes: Buffer.from(after[name]) }, {});
  }

  async function simulate(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case "write":
        return putFile(
          operation.path,
          { bytes: Buffer.from(operation.content, operation.encoding ?? "utf8") },
          operation.attributes,
        );
      case "download":
        return putFile(operation.path, { digest: operation.sha256 }, operation.attributes);
      case "fetch":
        return putFile(
          operation.path,
          { digest: operation.sha256, size: operation.size },
          operation.attributes,
        );
      case "restore copy":
        return putFile(operation.path, {}, {});
      case "set line": {
        const { bytes } = await bytesOf(operation.path);
        const after = setLine(bytes?.toString("utf8") ?? "", operation.match, operation.line);
        return putFile(operation.path, { bytes: Buffer.from(after) }, operation.attributes ?? {});
      }
      case "make directory": {
        const replaced = find(operation.path)?.kind === "absent";
        const stat = newStat("directory", operation.attributes);
        return put(operation.path, { kind: "directory", stat, emptied: replaced });
      }
      case "set attributes":
        return setAttributes(operation.path, operation.attributes);
      case "remove file":
        return put(operation.path, { kind: "absent" });
      case "remove directory": {
        const names = await files.list(operation.path).catch(() => []);
        if (names.length === 0) removeTree(operation.path);
        return;
      }
      case "remove tree":
        return removeTree(operation.path);
      case "symlink": {
        const stat = { ...newStat("link", operation.attributes), mode: "0777" };
        return put(operation.path, { kind: "link", target: operation.target, stat });
      }
      case "hard link": {
        const stat = await files.stat(operation.target);
        if (stat) put(operation.path, { kind: "file", ...(await bytesOf(operation.target)), stat });
        return;
      }
      case "unpack":
        return put(operation.path, {
          kind: "directory",
          stat: newStat("directory", operation.attributes),
          emptied: false,
        });
      case "run":
        return runAccounts(operation);
      case "execute":
      case "request":
      case "wait":
      case "note":
      case "reboot":
      case "keep copy":
      case "apt":
        return;
    }
  }

  return {
    files,
    touches: (paths) =>
      paths.some((path) => above.has(path) || simulated.has(path) || find(path) !== undefined),
    simulate,
  };
}

/** "/a/b/c" → "/a/b", "/a", "/". */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
    folders.push(path.slice(0, end));
  folders.push("/");
  return folders;
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const unknown = (path: string) =>
  new HavnError(`What will be in ${path} cannot be known before the apply`, {
    detail: "It comes from something that runs first. The apply reads it then.",
  });

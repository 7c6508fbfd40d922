import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, openAsBlob } from "node:fs";
import {
  chmod,
  cp,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, normalize } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { HavnError } from "@havn/model";
import { printable } from "../kit/style.ts";
import { createIgnore } from "./ignore.ts";

/** A folder that a service is made from. */
export interface Source {
  /** As the user wrote it. */
  path: string;
  /** Absolute. */
  directory: string;
  build: readonly string[] | undefined;
  /** sha256 in hex over every file's path, mode and content, and the build command. */
  digest: string;
}

interface SourceFile {
  /** Relative, with slashes. */
  path: string;
  kind: "file" | "link";
  executable: boolean;
  /** Of a link. */
  target: string;
}

export async function readSource(source: Omit<Source, "digest">): Promise<Source> {
  const files = await listSource(source);
  return { ...source, digest: await digestOf(source.directory, files, source.build) };
}

/** Every file that belongs to the source, sorted by path: the same folder lists the same everywhere. */
async function listSource({ directory, path }: Pick<Source, "directory" | "path">): Promise<SourceFile[]> {
  const text = (name: string) => readFile(join(directory, name), "utf8").catch(() => "");
  const ignores = createIgnore(await text(".gitignore"), await text(".havnignore"));
  const files = await walk(directory, (inside, isDirectory) => !ignores(inside, isDirectory));
  if (files.length === 0)
    throw new HavnError(`The source folder ${path} is empty`, {
      detail: "Nothing in it can be deployed. Are all of its files named in .gitignore or .havnignore?",
    });
  return files;
}

async function walk(
  root: string,
  wanted: (path: string, isDirectory: boolean) => boolean,
  inside = "",
): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const entry of await readdir(join(root, inside), { withFileTypes: true })) {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (!wanted(path, entry.isDirectory())) continue;
    if (entry.isDirectory()) found.push(...(await walk(root, wanted, path)));
    else if (entry.isSymbolicLink()) found.push(await readLink(root, path));
    else if (entry.isFile()) {
      const { mode } = await lstat(join(root, path));
      found.push({ path, kind: "file", executable: (mode & 0o100) !== 0, target: "" });
    }
  }
  // By code units, not by locale: the order must be the same on every computer.
  return found.sort((left, right) => (left.path < right.path ? -1 : 1));
}

async function readLink(root: string, path: string): Promise<SourceFile> {
  const target = await readlink(join(root, path));
  const lands = normalize(join(dirname(path), target));
  if (target.startsWith("/") || lands === ".." || lands.startsWith("../"))
    throw new HavnError(`The symbolic link ${join(root, path)} leads out of the source folder`, {
      detail: `It points to ${target}, which will not be there where the service runs. Copy the file into the source.`,
    });
  return { path, kind: "link", executable: false, target };
}

async function digestOf(root: string, files: readonly SourceFile[], build: Source["build"]): Promise<string> {
  const hash = createHash("sha256").update(`havn source 1\0${JSON.stringify(build ?? null)}\0`);
  for (const file of files) {
    const content = file.kind === "link" ? file.target : await fileDigest(join(root, file.path));
    const mode = file.kind === "link" ? "link" : file.executable ? "755" : "644";
    hash.update(`${file.path}\0${mode}\0${content}\0`);
  }
  return hash.digest("hex");
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

export interface Artifact extends AsyncDisposable {
  /** tar.gz of the built source; equal bytes for equal content. Gone when this is disposed. */
  content: Blob;
}

/** Copies the source to a clean place, builds it there, and packs what came of it. The user's folder stays as it is. */
export async function openArtifact(source: Source, { signal }: { signal: AbortSignal }): Promise<Artifact> {
  const work = await mkdtemp(join(tmpdir(), "havn-build-"));
  const dispose = () => rm(work, { recursive: true, force: true });
  try {
    const tree = join(work, "source");
    await copySource(source, tree);
    if (source.build) await build(source, tree, signal);
    const packed = join(work, "artifact.tar.gz");
    await pack(tree, packed, signal);
    return { content: await openAsBlob(packed), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function copySource(source: Source, tree: string): Promise<void> {
  const files = await listSource(source);
  for (const file of files) {
    const to = join(tree, file.path);
    await mkdir(dirname(to), { recursive: true });
    if (file.kind === "link") await symlink(file.target, to);
    else await cp(join(source.directory, file.path), to);
  }
  if ((await digestOf(tree, files, source.build)) !== source.digest)
    throw new HavnError(`${source.path} changed while it was being packed`, {
      detail: "Nothing was deployed. Run the same command again.",
    });
}

async function build(
  { path, build: command = [] }: Source,
  tree: string,
  signal: AbortSignal,
): Promise<void> {
  const [program = "", ...args] = command;
  const { HAVN_TOKEN: _token, ...environment } = process.env;
  // The Node that Havn runs on comes first: a build gives the same on every computer.
  const env = { ...environment, PATH: `${dirname(process.execPath)}${delimiter}${environment.PATH ?? ""}` };
  const child = spawn(program, args, { cwd: tree, env, signal, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-100_000);
    });
  const code = await exitOf(child);
  if (code === 0) return;
  const last = printable(output).trimEnd().split("\n").slice(-20);
  throw new HavnError(`The build of ${path} failed: ${command.join(" ")}`, {
    detail: [
      `It ended with ${code}. Its last lines:`,
      ...last.map((line) => `  ${line}`),
      "Nothing was deployed.",
    ].join("\n"),
  });
}

/** How a child ended: its exit code, the signal that ended it, or why it never began. */
function exitOf(child: ChildProcess): Promise<string | number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") resolve(`"${child.spawnfile}" was not found`);
      else reject(cause);
    });
    child.once("close", (code, killed) => resolve(killed ?? code ?? 1));
  });
}

async function pack(tree: string, to: string, signal: AbortSignal): Promise<void> {
  const files = await walk(tree, () => true);
  for (const file of files) {
    if (file.kind === "file") await chmod(join(tree, file.path), file.executable ? 0o755 : 0o644);
    await lutimes(join(tree, file.path), 0, 0);
  }
  // GNU tar and the BSD tar of macOS say the same in different words.
  const owner =
    process.platform === "darwin"
      ? ["--format=gnutar", "--uid=0", "--gid=0", "--uname=", "--gname="]
      : ["--format=gnu", "--owner=0", "--group=0", "--numeric-owner"];
  const child = spawn("tar", ["-c", "-f", "-", ...owner, "--no-recursion", "--null", "-T", "-"], {
    cwd: tree,
    signal,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = exitOf(child);
  const errors = textOf(child.stderr);
  child.stdin.end(files.map(({ path }) => `./${path}\0`).join(""));
  await pipeline(child.stdout, createGzip(), createWriteStream(to));
  const code = await ended;
  if (code !== 0)
    throw new HavnError("tar could not pack the source", {
      detail: `It ended with ${code}: ${await errors}`,
    });
}

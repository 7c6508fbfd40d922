import { spawn } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkDirections } from "./check-directions.ts";
import { type Lock, missingOptionals } from "./complete-lock.ts";
import { generateAll } from "./generate.ts";

/** `npm run check`: everything that can be known without running the product. Every check runs; all findings are told. */
interface Check {
  name: string;
  run(): Promise<string[]> | string[];
}

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const bin = (name: string) => `${root}/node_modules/.bin/${name}`;

const checks: readonly Check[] = [
  // Before the others, which read what is generated.
  {
    name: "generated files are fresh",
    run: () => generateAll({ keep: false }).map((file) => `${file}: run npm run generate`),
  },
  {
    name: "types",
    // Of what has not changed since the last look nothing is looked at again.
    run: () =>
      program(bin("tsc"), "-p", ".", "--incremental", "--tsBuildInfoFile", "node_modules/.cache/tsc.json"),
  },
  { name: "style", run: () => program(bin("biome"), "ci", "--colors=off", "--diagnostic-level=error", ".") },
  { name: "direction of imports", run: () => checkDirections(root) },
  {
    name: "no dead code",
    run: () => program(process.execPath, bin("knip"), "--no-progress", "--no-config-hints"),
  },
  { name: "paths in documents exist", run: checkDocuments },
  { name: "the lock file is whole and names no registry", run: checkLock },
  { name: "shell scripts", run: checkShell },
  { name: "open ends carry an issue", run: checkOpenEnds },
];

/** A program's output where it failed; nothing where it went well. */
function program(command: string, ...args: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    child.once("error", reject);
    child.once("close", (code) =>
      resolve(code === 0 ? [] : [...output.trimEnd().split("\n"), `(ended with ${code})`]),
    );
  });
}

const tracked = (pattern: string): string[] =>
  globSync(pattern, {
    cwd: root,
    exclude: (name) => /(^|\/)(node_modules|\.git|dist|\.havn)(\/|$)/.test(name),
  }).sort();

/** Every `path/in/backticks` with a slash and an ending, in README.md and docs, must be a file or folder. */
function checkDocuments(): string[] {
  const documents = [
    ...tracked("*.md"),
    ...tracked("docs/**/*.md"),
    ...tracked("{apps,packages,examples}/*/README.md"),
  ];
  return documents.flatMap((document) => {
    const folder = document.includes("/") ? document.slice(0, document.lastIndexOf("/")) : ".";
    const text = readFileSync(`${root}/${document}`, "utf8").replace(/^```[\s\S]*?^```/gm, "");
    const named = [...text.matchAll(/`([\w@.-]+(?:\/[\w@.-]+)*\/[\w@.-]+\.(?:ts|tsx|sh|md|json|sql))`/g)].map(
      ([, path = ""]) => path,
    );
    const linked = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, path = ""]) => path);
    return [...new Set([...named, ...linked])]
      .filter((path) => !exists(`${root}/${path}`) && !exists(`${root}/${folder}/${path}`))
      .map((path) => `${document}: ${path} does not exist`);
  });
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Addresses of a registry would tie every checkout to it; a package that is left out makes `npm ci` refuse. */
function checkLock(): string[] {
  const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, "utf8")) as Lock & {
    packages: Record<string, { resolved?: string; link?: boolean; integrity?: string }>;
  };
  const missing = missingOptionals(lock).map(
    ([path]) => `${path}: is missing (scripts/complete-lock.ts adds it)`,
  );
  const wrong = Object.entries(lock.packages).flatMap(([name, { resolved, link, integrity, optional }]) => {
    if (link || !name.includes("node_modules/")) return [];
    if (resolved) return [`${name}: remove "resolved" (${resolved})`];
    return integrity || optional ? [] : [`${name}: has no integrity`];
  });
  return [...missing, ...wrong];
}

async function checkShell(): Promise<string[]> {
  const files = ["havn", ".ci/run", ...tracked("{apps,packages,scripts,examples}/**/*.sh")].filter((file) =>
    exists(`${root}/${file}`),
  );
  const findings = await Promise.all(
    files.map((file) => {
      const bash = readFileSync(`${root}/${file}`, "utf8").startsWith("#!/usr/bin/env bash");
      return program(bash ? "bash" : "sh", "-n", file);
    }),
  );
  return findings.flat();
}

/** "TODO(#12, 0.3): …": who takes it up, and before which version it must be gone. */
function checkOpenEnds(): string[] {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
  // Spelled so that this file does not find itself.
  const word = new RegExp(`\\b(TO${""}DO|FIX${""}ME|X${""}XX)\\b(\\(#\\d+, (\\d+\\.\\d+)[^)]*\\))?`);
  return tracked("{apps,packages,scripts,examples,bench}/**/*.{ts,tsx,sh}").flatMap((file) =>
    readFileSync(`${root}/${file}`, "utf8")
      .split("\n")
      .flatMap((line, index) => {
        const found = word.exec(line);
        if (!found) return [];
        if (!found[2])
          return [`${file}:${index + 1}: an open end without an issue and a version: (#12, 0.3)`];
        return isShipped(found[3] ?? "", version)
          ? [`${file}:${index + 1}: was to be gone before ${found[3]}`]
          : [];
      }),
  );
}

function isShipped(due: string, version: string): boolean {
  const [dueMajor = 0, dueMinor = 0] = due.split(".").map(Number);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > dueMajor || (major === dueMajor && minor >= dueMinor);
}

let failed = 0;
for (const { name, run } of checks) {
  const began = Date.now();
  const findings = await run();
  const took = `${((Date.now() - began) / 1000).toFixed(1)} s`;
  console.log(`${findings.length === 0 ? "ok  " : "FAIL"} ${name} (${took})`);
  for (const finding of findings) console.log(`     ${finding}`);
  if (findings.length > 0) failed++;
}
if (failed > 0) {
  console.log(`\n${failed} of ${checks.length} checks failed.`);
  process.exitCode = 1;
}

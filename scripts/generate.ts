import { execFileSync } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Runs every generator of the workspace: the `generate.ts` of each room in apps and packages, which writes the room's
 * `*.gen.ts` files. With --check the files stay as they were: those that are not fresh are named, and the exit code is 1.
 */
const root = fileURLToPath(new URL("..", import.meta.url));

export function generateAll({ keep }: { keep: boolean }): string[] {
  const before = readGenerated();
  for (const generator of globSync("{apps,packages}/*/generate.ts", { cwd: root }).sort())
    execFileSync(process.execPath, [generator], { cwd: root, stdio: "inherit" });
  const after = readGenerated();
  const stale = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (!keep) for (const file of stale) restore(file, before.get(file));
  return stale.sort();
}

const readGenerated = (): Map<string, string> =>
  new Map(
    globSync(["{apps,packages}/**/*.gen.*", "docs/resources.md"], {
      cwd: root,
      exclude: (name) => name.includes("node_modules"),
    }).map((file) => [file, readFileSync(`${root}/${file}`, "utf8")]),
  );

function restore(file: string, content: string | undefined): void {
  if (content === undefined) rmSync(`${root}/${file}`);
  else writeFileSync(`${root}/${file}`, content);
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const stale = generateAll({ keep: !check });
  for (const file of stale)
    console.log(check ? `not fresh: ${file} (run npm run generate)` : `wrote ${file}`);
  if (check && stale.length > 0) process.exitCode = 1;
}

import { readdir, readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const pagesDirectory = new URL("pages/", import.meta.url);
const target = new URL("pages.gen.ts", import.meta.url);

/** The list of pages as source text: each folder of pages/ is one. */
export async function generatePages(): Promise<string> {
  const entries = await readdir(pagesDirectory, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const pages = await Promise.all(
    folders.sort().map(async (folder) => {
      const source = await readFile(new URL(`${folder}/index.tsx`, pagesDirectory), "utf8");
      const path = /definePage\(\{\s*path: "([^"]+)"/.exec(source)?.[1];
      if (!path)
        throw new Error(`pages/${folder}/index.tsx: expected definePage({ path: "…", … }) with path first`);
      return {
        folder,
        path,
        variable: folder.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      };
    }),
  );
  return [
    "// Made by generate.ts from the folders of pages/. Do not edit.",
    ...pages.map(
      ({ folder, variable }) => `import { page as ${variable} } from "./pages/${folder}/index.tsx";`,
    ),
    "",
    `export const pages = [${pages.map(({ variable }) => variable).join(", ")}] as const;`,
    "",
    `export type PagePath = ${pages.map(({ path }) => JSON.stringify(path)).join(" | ")};`,
    "",
  ].join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await writeFile(target, await generatePages());

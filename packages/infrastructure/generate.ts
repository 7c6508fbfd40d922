import { readdir, writeFile } from "node:fs/promises";
import { writeDocuments } from "./generate-documents.ts";

/**
 * Writes definitions.gen.ts, hosts.gen.ts and docs/resources.md from the folders in resources/: a type is there because its folder is.
 * Run by `npm run generate`.
 */
const here = new URL("./", import.meta.url);

async function generate(): Promise<void> {
  const entries = await readdir(new URL("resources/", here), { withFileTypes: true });
  const types = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  await write("definitions.gen.ts", "definitions", types, "definition.ts");
  await write("hosts.gen.ts", "readers", types, "host.ts");
}

async function write(path: string, name: string, types: string[], file: string): Promise<void> {
  const identifier = (type: string) =>
    `${type.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase())}Type`;
  const imports = types.map((type) => `import ${identifier(type)} from "./resources/${type}/${file}";`);
  const entries = types.map((type) => `  ${JSON.stringify(type)}: ${identifier(type)},`);
  const text = `// Written by generate.ts from the folders in resources/.\n${imports.join("\n")}\n\nexport const ${name} = {\n${entries.join("\n")}\n} as const;\n`;
  await writeFile(new URL(path, here), text);
}

await generate();
await writeDocuments();

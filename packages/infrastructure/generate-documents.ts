import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { definitions, findDefinition } from "./definitions.ts";

/**
 * Writes docs/resources.md: of each resource type on hosts what its constructor says of itself, the example in examples/
 * and the table of its options from its schema. Run by `npm run generate`.
 */
const sdk = new URL("../sdk/", import.meta.url);
const target = new URL("../../docs/resources.md", import.meta.url);

interface Option {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Option[];
  items?: Option;
  default?: unknown;
  description?: string;
  /** What its constructor takes, where that makes something else of it. */
  written?: string;
}

interface Maker {
  name: string;
  /** The first paragraph of what stands above it. */
  says: string;
}

export async function writeDocuments(): Promise<void> {
  const constructors = await readConstructors();
  const sections = await Promise.all(
    Object.keys(definitions).map((type) => section(type, constructors.get(type))),
  );
  const index = Object.keys(definitions).map((type) => `[${type}](#${type.replaceAll(".", "")})`);
  await writeFile(target, [intro, index.join(" · "), ...sections].join("\n\n"));
}

const intro = `# Resource types on hosts

Written by \`packages/infrastructure/generate-documents.ts\` from the schemas; \`npm run generate\` writes it anew. Every example here is planned,
applied twice and removed on a lab machine (\`packages/infrastructure/resources/every-type.lab.test.ts\`): the second time
nothing changes.

Options that all of them take: \`host\` (where it lives), \`dependsOn\` (what must be real before; what is used by handle or
reference is found by itself), \`when\` (a condition on facts, which the host decides) and \`enforcement\` (what its agent does
when it is no longer as declared). \`web1\` is a host's handle: \`const web1 = host("web-1", { … })\`. Text options take
references too: \`secret("name")\`, \`db.address\`, \`\` text\`…\` \`\`.

What Havn made goes when it is no longer declared; what was there before stays, or is put back.`;

async function section(type: string, maker: Maker | undefined): Promise<string> {
  const example = await readExample(type);
  const rows = optionsOf(type).map(
    ([name, option]) =>
      `| \`${name}\` | ${cell(kindOf(option))} | ${option.default === undefined ? "" : `\`${cell(JSON.stringify(option.default))}\``} | ${cell(option.description ?? "")} |`,
  );
  return [
    `## ${type}`,
    `\`${maker?.name ?? type}\`: ${maker?.says ?? ""}`,
    `\`\`\`ts example=${type}\n${example}\n\`\`\``,
    ["| option | kind | default | |", "|---|---|---|---|", ...rows].join("\n"),
  ].join("\n\n");
}

function optionsOf(type: string): [string, Option][] {
  const schema = findDefinition(type)?.schema;
  if (!schema) return [];
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, Option>;
  };
  return Object.entries(json.properties ?? {});
}

function kindOf({ type, enum: values, anyOf, items, written }: Option): string {
  if (written !== undefined) return written;
  if (values) return values.map((value) => JSON.stringify(value)).join(", ");
  // Texts that may hold references are one of several forms.
  if (anyOf?.[0]?.type === "string" && anyOf.slice(1).every((one) => one.type === "object" || one.anyOf))
    return "text";
  if (anyOf) return [...new Set(anyOf.map(kindOf))].join(" or ");
  if (type === "array") return `list of ${items ? kindOf(items) : "values"}`;
  if (type === "string") return "text";
  if (type === "object") return "object";
  return typeof type === "string" ? type : "any";
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The body of the example's function, as a configuration would have it. */
async function readExample(type: string): Promise<string> {
  const text = await readFile(new URL(`examples/${type}.ts`, sdk), "utf8");
  const body = /=> \{\n([\s\S]*)\};\s*$/.exec(text)?.[1] ?? "";
  const names = (/^import \{([^}]*)\}/.exec(text)?.[1] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "));
  const lines = body.split("\n").map((line) => line.replace(/^ {2}/, ""));
  return `import { ${names.join(", ")} } from ${JSON.stringify("havn")};\n\n${lines.join("\n").trim()}`;
}

/** By the type that each constructor names in its body. */
async function readConstructors(): Promise<Map<string, Maker>> {
  const found = new Map<string, Maker>();
  for (const path of globSync("*.ts", { cwd: sdk }).filter((name) => !name.endsWith(".test.ts"))) {
    const text = await readFile(new URL(path, sdk), "utf8");
    const functions = text.matchAll(/\/\*\*\n((?: \*.*\n)+?) \*\/\nexport function (\w+)\(([\s\S]*?)\n\}/g);
    for (const [, comment = "", name = "", rest = ""] of functions) {
      const type = /"([a-z]+(?:\.[a-z]+)?)", (?:`|path|name|key|"|host|user|options)|type: "([a-z.]+)"/.exec(
        rest,
      );
      const says = comment
        .split("\n")
        .map((line) => line.replace(/^ \* ?/, ""))
        .join("\n")
        .split(/\n\s*\n|\n@/)[0];
      const of = type?.[1] ?? type?.[2] ?? (findDefinition(name) ? name : undefined);
      if (of && !found.has(of))
        found.set(of, {
          name: name === "debianPackage" ? "pkg" : name,
          says: (says ?? "").replaceAll("\n", " ").trim(),
        });
    }
  }
  return found;
}

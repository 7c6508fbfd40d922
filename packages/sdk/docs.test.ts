import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encryptAge, generateAgeKey } from "@havn/sops";
import { encryptYaml } from "@havn/sops/testing";
import { openProjectFiles } from "./files.ts";
import type { Environment } from "./index.ts";

// Every piece of TypeScript in the documents for users is a configuration, or what stands inside of one: it must fit the
// types and declare something without a mistake.

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = [
  "docs/alerting.md",
  "docs/applying.md",
  "docs/configuration.md",
  "docs/dashboards.md",
  "docs/from-ansible.md",
  "docs/from-nagios.md",
  "docs/from-prometheus.md",
  "docs/from-puppet.md",
  "docs/resources.md",
  "docs/responding.md",
];
const { recipient } = await generateAgeKey();
/** Files that the pieces speak of. */
const projectFiles: Readonly<Record<string, string>> = {
  "secrets/prod.yaml": await encryptYaml({ db: { password: "x" } }, { recipients: [recipient] }),
  "secrets/token.age": await encryptAge("x", [recipient]),
  "data/roles/web.yaml": "workers: 4\n",
  "rules/shop.yml": "groups: [{ name: shop, rules: [{ record: a, expr: b }] }]\n",
  "dashboards/one.json": '{ "title": "One", "panels": [] }',
  "prometheus.yml": "scrape_configs: [{ job_name: x, static_configs: [{ targets: ['a:1'] }] }]\n",
};
let folder: string;
const files: { title: string; path: string }[] = [];

before(async () => {
  openProjectFiles({
    read: (path) => projectFiles[relative(process.cwd(), resolve(path))],
    look: (path) => {
      if (path.endsWith("/rules")) return { kind: "directory", names: ["shop.yml"] };
      return path.endsWith("/dashboards") ? { kind: "directory", names: ["one.json"] } : undefined;
    },
    shown: (path) => path,
  });
  // Inside the checkout: "havn" is found from there.
  await mkdir(join(root, ".havn"), { recursive: true });
  folder = await mkdtemp(join(root, ".havn/documents-"));
  for (const document of documents) {
    const text = await readFile(join(root, document), "utf8");
    for (const { 1: code = "", index } of text.matchAll(/^```ts\b[^\n]*\n([\s\S]*?)^```$/gm)) {
      const line = text.slice(0, index).split("\n").length;
      const path = join(folder, `${document.replace(/\W/g, "-")}-${line}.ts`);
      await writeFile(path, configurationOf(code));
      files.push({ title: `${document}:${line}`, path });
    }
  }
  // What the importer of Nagios' configurations writes is held to the same.
  const imported = await readFile(join(root, "packages/alerting/nagios/testdata/checks.golden.txt"), "utf8");
  await writeFile(join(folder, "imported.ts"), imported);
  const path = join(folder, "imported-config.ts");
  await writeFile(path, importedConfig);
  files.push({ title: "havn import nagios", path });
});
after(() => {
  openProjectFiles(undefined);
  return rm(folder, { recursive: true, force: true });
});

const importedConfig = `import { environment, host } from "havn";
import { nagiosChecks } from "./imported.ts";
export default environment("docs", {}, () => {
  const from = host("poller", { ssh: { address: "10.0.0.7" } });
  nagiosChecks({ from, mail: { from: "havn@example.org", server: "smtp://mail.example.org" } });
});
`;

/** A piece without an environment stands inside of one, with a host that it calls web1. */
function configurationOf(code: string): string {
  if (code.includes("export default")) return code;
  const [imports = ""] = /^(import .*\n)*/.exec(code) ?? [];
  const names = /\{ (.*) \}/.exec(imports)?.[1]?.split(", ") ?? [];
  const further = ["environment", "host"].filter((name) => !names.includes(name));
  return `import { ${[...names, ...further].join(", ")} } from "havn";
export default environment("docs", {}, () => {
  const web1 = host("web-1", { ssh: { address: "10.0.0.7" } });
${code.slice(imports.length)}
});
`;
}

test("all of it fits the types", { timeout: 300_000 }, async () => {
  assert.ok(files.length > 60, `${files.length} pieces were found`);
  const config = { extends: join(root, "tsconfig.json"), include: ["*.ts"], exclude: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const told = await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", folder]).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
  assert.equal(told, "");
});

test("each declares something, without a mistake", async (t) => {
  for (const { title, path } of files)
    await t.test(title, async () => {
      const { default: exported }: { default: Environment | Record<string, () => Environment> } =
        await import(path);
      const environments =
        "graph" in exported ? [exported as Environment] : Object.values(exported).map((make) => make());
      for (const { graph, diagnostics } of environments) {
        assert.deepEqual(diagnostics, []);
        assert.ok(graph.resources.some(({ type }) => type !== "host"));
      }
    });
});

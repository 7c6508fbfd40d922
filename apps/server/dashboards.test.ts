import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Dashboard } from "@havn/model";
import { type Havn, openHavn } from "./testing/havn.ts";

// A dashboard through the command line: declared, edited over the API, in conflict, exported and pasted back.
let havn: Havn;
let folder: string;
const bound = { timeout: 600_000 };
const hosts = fileURLToPath(new URL("../../packages/grafana/testdata/hosts.json", import.meta.url));
const path = "/api/v1/dashboards/boards/front";

const configOf = (declared: string) => `import { dashboard, environment, grafanaDashboards } from "havn";
import { extra } from "./extra.ts";

export default environment("boards", {}, () => {
  ${declared}
  grafanaDashboards("./dashboards/*.json");
  extra();
});
`;
const front = (title: string) =>
  `dashboard("front", { title: ${JSON.stringify(title)}, panels: [{ kind: "stat", queries: [{ expr: "up" }] }] });`;

before(async () => {
  havn = await openHavn("dashboards");
  folder = await mkdtemp("/tmp/havn-dashboards-project-");
  await mkdir(join(folder, "dashboards"));
  await copyFile(hosts, join(folder, "dashboards", "hosts.json"));
  await writeFile(join(folder, "extra.ts"), "export const extra = () => {};\n");
  await writeFile(join(folder, "havn.config.ts"), configOf(front("Declared")));
});
after(async () => {
  await havn[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const found = () => havn.get<Dashboard>(path);

describe("dashboards from the command line", () => {
  test("are planned and applied; those of Grafana tell what was left out", bound, async () => {
    await havn.must(["server", "start"]);
    const { stdout, stderr } = await havn.must(["up", folder, "--yes"]);
    assert.match(stdout + stderr, /2 panels use the plugin geomap/);
    const { stdout: list } = await havn.must(["dashboards"]);
    assert.match(list, /boards\/front +Declared +1 panel +declared/);
    assert.match(list, /boards\/hosts-closely +Hosts, closely +12 panels +declared/);
    const { stdout: shown } = await havn.must(["dashboards", "show", "hosts-closely", "-e", "boards"]);
    assert.match(shown, /\$node {2}label_values\(node_uname_info/);
  });

  test(
    "an edit outlives an apply, is a conflict once both changed, and ends when it is pasted back",
    bound,
    async () => {
      const { dashboard, revision } = await found();
      const edited = { ...dashboard, title: "Edited" };
      const put = await havn.call({ method: "PUT", path, body: { dashboard: edited, revision } });
      assert.equal(put.status, 200, put.text);
      const stale = await havn.call({ method: "PUT", path, body: { dashboard: edited, revision } });
      assert.equal(stale.status, 409);
      await writeFile(join(folder, "havn.config.ts"), configOf(front("Declared anew")));
      await havn.must(["apply", folder, "--yes"]);
      const conflict = await found();
      assert.deepEqual(
        [conflict.state, conflict.title, conflict.declared?.title],
        ["conflict", "Edited", "Declared anew"],
      );
      await havn.event("boards", "dashboard.conflict");

      const { stdout: exported } = await havn.must(["dashboards", "export", "front", "-e", "boards"]);
      const [head = "", ...rest] = exported.split("\n");
      assert.match(head, /^import \{ dashboard \} from "havn";$/);
      const extra = `${head}\nexport const extra = () => {\n${rest.join("\n")}\n};\n`;
      await writeFile(join(folder, "extra.ts"), extra);
      await writeFile(join(folder, "havn.config.ts"), configOf(""));
      await havn.must(["apply", folder, "--yes"]);
      const agreed = await found();
      assert.deepEqual([agreed.state, agreed.title], ["declared", "Edited"]);
    },
  );

  test("one of Grafana is imported, removed and brought back", bound, async () => {
    const file = join(folder, "own.json");
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(hosts, "utf8")), title: "Own" }));
    const dry = await havn.must(["dashboards", "import", file, "-e", "boards", "--dry-run"]);
    assert.match(dry.stdout + dry.stderr, /Nothing was saved/);
    await havn.must(["dashboards", "import", file, "-e", "boards"]);
    const again = await havn.run("dashboards", "import", file, "-e", "boards");
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /There is a dashboard own in boards already/);
    await havn.must(["dashboards", "remove", "own", "-e", "boards"]);
    const { stdout } = await havn.must(["dashboards", "history", "own", "-e", "boards", "--json"]);
    const { versions } = JSON.parse(stdout) as { versions: { what: string; revision: number }[] };
    assert.deepEqual(
      versions.map(({ what }) => what),
      ["removed", "imported"],
    );
    await havn.must(["dashboards", "restore", "own", String(versions.at(-1)?.revision), "-e", "boards"]);
    const { stdout: list } = await havn.must(["dashboards", "-e", "boards"]);
    assert.match(list, /boards\/own +Own +12 panels +made in the page/);
    const missing = await havn.run("dashboards", "show", "nowhere", "-e", "boards");
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /There is no dashboard nowhere in boards/);
  });
});

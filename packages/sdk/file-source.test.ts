import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { directory, environment, file, host, openProjectFiles, type ProjectEntry } from "./index.ts";

function withFiles(files: Record<string, Buffer | string>, large: Record<string, number> = {}): void {
  openProjectFiles({
    read: () => undefined,
    shown: (path) => path,
    look(path, most): ProjectEntry | undefined {
      const size = large[path];
      if (size !== undefined) return { kind: "file", size, executable: false, bytes: undefined };
      const content = files[path];
      if (content !== undefined) {
        const bytes = Buffer.from(content);
        return {
          kind: "file",
          size: bytes.length,
          executable: path.endsWith(".sh"),
          bytes: bytes.length <= most ? bytes : undefined,
        };
      }
      const inside = Object.keys({ ...files, ...large }).filter((one) => one.startsWith(`${path}/`));
      if (inside.length === 0) return undefined;
      const names = inside.map((one) => one.slice(path.length + 1).split("/")[0] ?? "");
      return { kind: "directory", names: [...new Set(names)] };
    },
  });
}
afterEach(() => openProjectFiles(undefined));

const declared = (describe: (here: { host: ReturnType<typeof host> }) => void) =>
  environment("shop", {}, () => describe({ host: host("web-1", { ssh: { address: "10.0.0.1" } }) }))
    .graph.resources.filter((resource) => resource.host === "web-1")
    .map(({ type, properties, dependsOn }) => {
      const { path, content, base64, mode, owner } = properties;
      const written = Object.entries({ path, content, base64, mode, owner });
      return {
        type,
        of: Object.fromEntries(written.filter(([, value]) => value)),
        after: dependsOn.slice(1),
      };
    });

test("a file's source: text becomes content, with its own mark of order; all else base64", () => {
  withFiles({ "./motd": "\ufeffhei\n", "./logo.png": Buffer.from([0xff, 0]), "./nul": "a\0b" });
  const resources = declared((here) => {
    file("/etc/motd", { ...here, source: "./motd" });
    file("/srv/logo.png", { ...here, source: "./logo.png", mode: "0600" });
    file("/srv/nul", { ...here, source: "./nul" });
  });
  assert.deepEqual(
    resources.map(({ of }) => of),
    [
      { path: "/etc/motd", content: "\ufeffhei\n", mode: "0644" },
      { path: "/srv/logo.png", mode: "0600", base64: "/wA=" },
      { path: "/srv/nul", base64: "YQBi", mode: "0644" },
    ],
  );
});

test("a directory's source: everything in it, each after the folder that it is in", () => {
  withFiles({ "./site/index.html": "<p>", "./site/bin/run.sh": "true\n" });
  const resources = declared((here) =>
    directory("/srv/site", { ...here, source: "./site", owner: "www-data" }),
  );
  assert.deepEqual(resources, [
    { type: "directory", of: { path: "/srv/site", mode: "0755", owner: "www-data" }, after: [] },
    {
      type: "directory",
      of: { path: "/srv/site/bin", mode: "0755", owner: "www-data" },
      after: ["shop/directory/web-1:/srv/site"],
    },
    {
      type: "file",
      of: { path: "/srv/site/bin/run.sh", owner: "www-data", content: "true\n", mode: "0755" },
      after: ["shop/directory/web-1:/srv/site/bin"],
    },
    {
      type: "file",
      of: { path: "/srv/site/index.html", owner: "www-data", content: "<p>", mode: "0644" },
      after: ["shop/directory/web-1:/srv/site"],
    },
  ]);
});

test("what is too large for a graph has its place and size, and waits for its digest", () => {
  withFiles({ "./d/small": "x" }, { "./d/large": 5 * 1024 * 1024 });
  const { graph } = environment("shop", {}, () => {
    const web = host("web-1", { ssh: { address: "10.0.0.1" } });
    file("/srv/large", { host: web, source: "./d/large" });
    directory("/srv/d", { host: web, source: "./d" });
  });
  const source = { path: "./d/large", size: 5 * 1024 * 1024, digest: "" };
  assert.deepEqual(
    graph.resources.flatMap(({ properties }) => properties.source ?? []),
    [source, source],
  );
});

test("what cannot be a source is refused, with what to do instead", () => {
  withFiles({ "./d/f": "x" }, { "./big": 1024 ** 3 + 1 });
  const refused = (options: object, told: RegExp) =>
    assert.throws(() => declared((here) => file("/x", { ...here, ...options })), told);
  refused({ source: "./none" }, /There is no file ".\/none"/);
  refused({ source: "./big" }, /larger than 1024 MiB \(1073741825 bytes\)/);
  refused({ source: "./d" }, /"\.\/d" is a folder/);
  refused({ source: "./d/f", content: "y" }, /has a source and says what is in it besides/);
  assert.throws(
    () => declared((here) => directory("/x", { ...here, source: "./d/f" })),
    /"\.\/d\/f" is a file/,
  );
});

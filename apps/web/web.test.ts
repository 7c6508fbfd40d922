import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import { generatePages } from "./generate.ts";
import { buildWeb, webRoutes } from "./index.ts";
import { createFormats } from "./kit/format.ts";
import { matchPath } from "./kit/page.ts";

test("the list of pages is what its folders say", async () => {
  const written = await readFile(new URL("pages.gen.ts", import.meta.url), "utf8");
  assert.equal(written, await generatePages(), "run scripts/node.sh apps/web/generate.ts");
});

const paths: [string, string, Record<string, string> | undefined][] = [
  ["/", "/", {}],
  ["/environments/:environment", "/environments/shop", { environment: "shop" }],
  ["/environments/:environment", "/environments/shop/", { environment: "shop" }],
  ["/environments/:environment", "/environments/shop/alerts", undefined],
  [
    "/environments/:environment/hosts/:host",
    "/environments/a%20b/hosts/%E0%A4%A",
    { environment: "a b", host: "%E0%A4%A" },
  ],
];
for (const [path, pathname, expected] of paths)
  test(`${pathname} and ${path}`, () => assert.deepEqual(matchPath(path, pathname), expected));

test("numbers and times read as the language writes them", () => {
  const [en, nb] = [createFormats("en"), createFormats("nb")];
  const plain = (text: string) => text.replace(/\s/g, " ");
  assert.deepEqual(
    [en.bytes(1536), en.bytes(0), en.seconds(0.0123), en.percent(0.123), en.perSecond(1234)].map(plain),
    ["1.5 KiB", "0 B", "12.3 ms", "12.3%", "1,234/s"],
  );
  assert.deepEqual([nb.bytes(1536), nb.percent(0.123)].map(plain), ["1,5 KiB", "12,3 %"]);
  assert.equal(plain(en.ago(0, 180_000)), "3 min ago");
  assert.equal(plain(nb.ago(0, 5000)), "for 5 sek siden");
});

test("the page is served by hashed names for a year, its document anew, and never instead of the API", async () => {
  const directory = await mkdtemp(join(tmpdir(), "havn-build-"));
  try {
    const web = await buildWeb({ outDirectory: directory });
    await using server = await createHttpServer({
      routes: webRoutes(web),
      access: { authenticate: async () => undefined, decide: () => false, audit: async () => undefined },
    });
    const get = (url: string, headers: Record<string, string> = {}) =>
      server.inject({ method: "GET", url, headers });
    const deep = await get("/environments/shop/hosts/web-1");
    assert.equal(deep.statusCode, 200);
    assert.equal(deep.headers["cache-control"], "no-cache");
    assert.equal(await readFile(join(directory, "index.html"), "utf8"), deep.body);
    const names = [...deep.body.matchAll(/\/assets\/([^"]+)/g)].map(([, name]) => name ?? "");
    assert.equal(names.length, 5);
    for (const name of names) {
      const asset = await get(`/assets/${name}`, { "accept-encoding": "gzip" });
      assert.equal(asset.statusCode, 200);
      assert.match(String(asset.headers["cache-control"]), /immutable/);
      assert.equal(asset.headers["content-encoding"], name.endsWith("woff2") ? undefined : "gzip");
    }
    for (const path of ["/api/v1/nothing", "/assets/nothing.js", "/prometheus/api/v1/nothing"])
      assert.equal((await get(path)).statusCode, 404, path);
    assert.doesNotMatch(deep.body, /https?:\/\//);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

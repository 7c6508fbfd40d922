import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as sources from "havn";
import { loadableSdk } from "./sdk-bundle.ts";

test("the SDK as one file is the SDK, and is made once", async () => {
  const path = await loadableSdk();
  assert.match(path, /\/sdk-[0-9a-f]{12}\.mjs$/);
  assert.equal(await loadableSdk(), path);
  const bundled = (await import(pathToFileURL(path).href)) as typeof sources;
  assert.deepEqual(Object.keys(bundled).sort(), Object.keys(sources).sort());
  const { graph, diagnostics } = bundled.evaluateGraph(
    bundled.environment("shop", {}, () => {
      bundled.file("/etc/motd", { host: bundled.thisComputer(), content: "Welcome.\n" });
    }),
  );
  assert.deepEqual(diagnostics, []);
  const [, motd] = graph.resources;
  assert.equal(motd?.address, "shop/file/this-computer:/etc/motd");
  assert.match(motd?.location?.file ?? "", /sdk-bundle\.test\.ts$/, "places are those of the configuration");
});

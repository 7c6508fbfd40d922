import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { probeSchema } from "@havn/model";
import { findChromium } from "@havn/testkit";
import { attemptOf } from "../testing/contract.ts";

const shop = `<!doctype html><title>Shop</title>
<form id="sign-in"><input id="name"><input id="password" type="password"><button>Sign in</button></form>
<div id="cover" style="display:none">Orders of <b id="who"></b></div>
<script>
  document.querySelector("#sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    const [name, password] = ["#name", "#password"].map((one) => document.querySelector(one).value);
    setTimeout(() => {
      if (password !== "a-long-secret") throw new Error("wrong password " + password);
      document.querySelector("#who").textContent = name;
      document.querySelector("#cover").style.display = "block";
      document.querySelector("#sign-in").remove();
      history.pushState({}, "", "/orders");
    }, 100);
  });
</script>`;

async function serve() {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(shop));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const program = await findChromium();
const journey = (more: object, timeoutMs = 60_000) =>
  attemptOf(probeSchema.parse({ kind: "browser", program, ...more }), timeoutMs);
const signIn = (password: string) => [
  { fill: "#name", with: "ada" },
  { fill: "#password", with: password },
  { click: "text=Sign in" },
];

test("a way through pages: filled in, clicked, seen", { timeout: 600_000 }, async () => {
  await using server = await serve();
  const attempt = await journey({
    url: server.url,
    steps: [
      ...signIn("a-long-secret"),
      { see: "text=Orders of ada" },
      { gone: "#sign-in" },
      { at: "/orders" },
      { title: "Shop" },
    ],
  });
  assert.equal(attempt.state, "ok", attempt.output);
  assert.equal(attempt.output, "8 steps, at Shop");
  assert.deepEqual(
    attempt.measures?.map(({ label }) => label),
    ["time", ...Array.from({ length: 8 }, (_, at) => `step_${at + 1}`)],
  );
});

test("a step that cannot be done is named, with what the page complained of, and no secret", {
  timeout: 600_000,
}, async () => {
  await using server = await serve();
  const attempt = await journey(
    { url: server.url, steps: [...signIn("another-secret"), { see: "text=Orders" }] },
    60_000,
  );
  assert.equal(attempt.output, "step 5 of 5 (see text=Orders) failed: it did not come within the timeout");
  assert.match(attempt.long ?? "", /wrong password \*\*\*/);
});

test("nobody answers, and a selector that is none", { timeout: 600_000 }, async () => {
  await using server = await serve();
  const away = await journey({ url: "http://127.0.0.1:9/" });
  assert.match(away.output, /^step 1 of 1 \(open .*\) failed: net::ERR_/);
  const wrong = await journey({ url: server.url, steps: [{ click: "###" }] });
  assert.match(wrong.output, /^step 2 of 2 \(click ###\) failed: .*not a valid selector/);
});

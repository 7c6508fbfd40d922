import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defineRoute, type Route } from "@havn/http";
import { systemClock } from "@havn/model";
import { createPromqlEngine } from "@havn/promql";
import { promqlRoutes } from "@havn/promql/http";
import { memoryQuerier } from "@havn/promql/testing";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { openBrowser, openVisitor, signIn } from "../../testing/browser.ts";
import { contrastFaults } from "../../testing/contrast.ts";
import { shopWorld } from "../../testing/data.ts";
import { type Demo, openDemo } from "../../testing/demo.ts";

const timeout = 600_000;
const now = Date.now();

/** The engine itself over a shop's metrics of an hour, and of the next: however long the tests take. */
function realMetrics(): Route[] {
  const querier = memoryQuerier();
  const samples = (value: (n: number) => number) =>
    Array.from({ length: 720 }, (_, n) => ({ timestamp: now - 3_600_000 + n * 10_000, value: value(n) }));
  for (const [host, rate] of [
    ["web-1", 40],
    ["web-2", 60],
  ] as const) {
    querier.add(
      { __name__: "shop_requests_total", host },
      samples((n) => n * rate),
    );
    for (const [le, share] of Object.entries({ "0.1": 0.5, "0.5": 0.9, "+Inf": 1 }))
      querier.add(
        { __name__: "shop_seconds_bucket", host, le },
        samples((n) => Math.floor(n * rate * share)),
      );
  }
  const metadata = defineRoute({
    method: "GET",
    path: "/prometheus/api/v1/metadata",
    summary: "what metrics are",
    access: { action: "metric:read" },
    response: z.unknown(),
    handle: () => ({ status: "success", data: {} }),
  });
  // What the store keeps of longer ago answers for one of them.
  querier.buckets = async ({ matchers }) =>
    matchers.some(({ value }) => value === "shop_before_total")
      ? { name: "1h", resolutionMs: 3_600_000, exact: false, series: nothing() }
      : undefined;
  const engine = createPromqlEngine({ querier });
  return [metadata, ...promqlRoutes({ engine, querier, clock: systemClock })];
}

async function* nothing(): AsyncGenerator<never> {}

describe("the explorer", () => {
  let demo: Demo;
  let browser: Browser;
  before(async () => {
    [demo, browser] = await Promise.all([openDemo(shopWorld(now), 0, realMetrics()), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  async function explorer(search: string, options: Parameters<typeof openVisitor>[1] = {}) {
    const visitor = await openVisitor(browser, options);
    await signIn(visitor.page, await demo.signInLink("viewer"));
    visitor.faults.length = 0;
    await visitor.page.goto(`${demo.url}/explore${search}`);
    await visitor.page.getByRole("heading", { level: 1 }).waitFor();
    return visitor;
  }
  const editor = (page: Page, number = 1) =>
    page.getByRole("textbox", { name: `Query ${number}`, exact: true });
  const found = (page: Page, count: number) => page.getByText(new RegExp(`^${count} series in `)).waitFor();
  const rows = (page: Page) => page.locator(".legend-table tbody tr").allInnerTexts();
  const search = (page: Page) => new URL(page.url()).searchParams;

  /**
   * What is offered comes from the server and, when that is slow, after CodeMirror asked; and it takes no Enter for what it
   * offered less than a moment ago. Whoever types tries again.
   */
  async function complete(page: Page): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      await editor(page).click();
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.press("Backspace");
      await page.keyboard.type("shop_req", { delay: 20 });
      const offered = page.getByRole("option", { name: "shop_requests_total" });
      const came = await offered.waitFor({ timeout: 5_000 }).then(
        () => true,
        () => false,
      );
      if (!came) continue;
      await page.waitForTimeout(200);
      await page.keyboard.press("Enter");
      if ((await editor(page).innerText()).trim() === "shop_requests_total") return;
    }
    assert.fail("nothing was completed");
  }

  test("a query is written with completion, drawn, and stands in the address", { timeout }, async () => {
    await using visitor = await explorer("");
    const { page } = visitor;
    await complete(page);
    await page.keyboard.press("Enter");
    await found(page, 2);
    assert.equal(search(page).get("q"), "shop_requests_total");
    const [first = "", second = ""] = await rows(page);
    assert.match(first, /^web-1/);
    assert.match(second, /^web-2.*\d k$/s);
    await page.locator(".plot canvas").waitFor();
    await page.getByText("from samples", { exact: true }).waitFor();
    assert.deepEqual(visitor.faults, []);
  });

  test("it is told what an answer stands on", { timeout }, async () => {
    await using visitor = await explorer("?q=shop_before_total&range=30d");
    await visitor.page.getByText("from buckets of 1h").waitFor();
    assert.deepEqual(visitor.faults, []);
  });

  test("a link shows another the same: queries, legends, range, view, unit", { timeout }, async () => {
    const query =
      "?q=rate(shop_requests_total[1m])&legend={{host}}+asks&q=sum(rate(shop_requests_total[1m]))&legend=all" +
      "&range=30m&step=30s&view=stacked&unit=requests/s";
    await using visitor = await explorer(query);
    const { page } = visitor;
    await found(page, 3);
    const texts = await rows(page);
    assert.deepEqual(
      texts.map((text) => text.split(/\s/)[0]),
      ["web-1", "web-2", "all"],
    );
    assert.match(texts[2] ?? "", /10 req\/s/);
    assert.equal(await page.getByRole("button", { name: "Stacked" }).getAttribute("aria-pressed"), "true");
    assert.equal(await page.getByLabel("Step", { exact: true }).inputValue(), "30s");
    assert.deepEqual(visitor.faults, []);
  });

  test("dragging looks closer, and the way back leads to what was seen before", { timeout }, async () => {
    await using visitor = await explorer("?q=shop_requests_total");
    const { page } = visitor;
    await found(page, 2);
    const box = await page.locator(".u-over").boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const [from, to] = ["from", "to"].map((name) => Date.parse(search(page).get(name) ?? ""));
    const minutes = ((to ?? 0) - (from ?? 0)) / 60_000;
    assert.ok(minutes > 13 && minutes < 17, `${minutes} of 60 minutes`);
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has("from"));
    await page.getByRole("button", { name: "last 1h" }).waitFor();
    await page.locator("main#main").focus();
    await page.keyboard.press("-");
    await page.waitForURL(/range=2h/);
  });

  test("an error stands where it was made, and so does a warning", { timeout }, async () => {
    await using visitor = await explorer("?q=sum(shop_requests_total%5B5m%5D)");
    const { page } = visitor;
    await page.locator(".findings .bad").getByText(/1:5/).waitFor();
    await editor(page).locator(".cm-lintRange-error").first().waitFor();
    await page.goto(`${demo.url}/explore?q=up&q=histogram_quantile(2,shop_seconds_bucket)`);
    await page.locator(".findings .warn").first().waitFor();
    await editor(page, 2).locator(".cm-lintRange-warning").first().waitFor();
  });

  test("a table has the newest values, a heatmap the buckets", { timeout }, async () => {
    await using visitor = await explorer("?q=sum+by+(le)+(increase(shop_seconds_bucket[1m]))&view=heatmap");
    const { page } = visitor;
    await found(page, 3);
    await page.locator(".plot canvas").waitFor();
    await page.getByRole("button", { name: "Table", exact: true }).click();
    await page.getByText('{le="0.1"}').waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "CSV" }).click();
    const stream = await (await saving).createReadStream();
    const text = (await stream.toArray()).join("");
    assert.match(text, /^time,le,value\r\n\d{4}-.*,\+Inf,/);
    assert.deepEqual(visitor.faults, []);
  });

  test("a running query is cancelled", { timeout }, async () => {
    await using visitor = await explorer("");
    const { page } = visitor;
    const begun = Promise.withResolvers<void>();
    await page.route("**/query_range", () => begun.resolve());
    await editor(page).click();
    await page.keyboard.type("vector(1)");
    await page.getByRole("button", { name: "Run" }).click();
    await begun.promise;
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled. What is shown is older.").waitFor();
  });

  test("it fits a phone, reads well in light and dark, and speaks Norwegian", { timeout }, async () => {
    await using visitor = await explorer("?q=shop_requests_total&q=up", {
      viewport: { width: 390, height: 844 },
      locale: "nb-NO",
    });
    const { page } = visitor;
    await page.getByText(/^2 serier på /).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      assert.deepEqual(await contrastFaults(page), [], colorScheme);
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "too wide");
    await page.getByRole("button", { name: "siste 1h" }).click();
    await page.getByRole("button", { name: "siste 6h" }).click();
    await page.waitForURL(/range=6h/);
    assert.deepEqual(visitor.faults, []);
  });
});

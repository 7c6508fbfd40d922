import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser, openVisitor, signIn } from "../../testing/browser.ts";
import { contrastFaults } from "../../testing/contrast.ts";
import { type Operations, openOperations } from "../../testing/operations.ts";

const timeout = 600_000;
const path = "/environments/shop/try-rule";
const [dayMs, stepMs] = [86_400_000, 240_000];

describe("trying a rule", () => {
  let demo: Operations;
  let browser: Browser;
  before(async () => {
    [demo, browser] = await Promise.all([openOperations(), openBrowser()]);
    const now = Date.now();
    // Five weeks of days that are alike, but for one hour three days ago.
    demo.metrics.add(
      { __name__: "orders", env: "shop", shop: "oslo" },
      Array.from({ length: (35 * dayMs) / stepMs }, (_, n) => {
        const timestamp = now - 35 * dayMs + n * stepMs;
        const odd = Math.abs(timestamp - (now - 3 * dayMs)) < dayMs / 48;
        return { timestamp, value: odd ? 400 : 100 + 20 * Math.sin((timestamp / dayMs) * 2 * Math.PI) };
      }),
    );
    await demo.declare({
      ...{ address: "shop/alert/odd", type: "alert", name: "odd", dependsOn: [] },
      properties: { expr: "orders > 0", for: "0s", severity: "info", summary: '{{ template "nothing" }}' },
    });
    await demo.alerting.evaluate();
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  async function visit(options: Parameters<typeof openVisitor>[1] = {}) {
    const visitor = await openVisitor(browser, options);
    await signIn(visitor.page, await demo.signInLink());
    visitor.faults.length = 0;
    await visitor.page.goto(demo.url + path);
    await visitor.page.locator("main textarea").waitFor();
    return visitor;
  }

  test("a rule that is typed is replayed over 30 days, and says when it would have paged whom", {
    timeout,
  }, async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await page.getByLabel("Expression in PromQL").fill("orders");
    await page.getByRole("button", { name: "above" }).click();
    await page.getByLabel("Limit").fill("300");
    await page.getByRole("group", { name: "Severity" }).getByRole("button", { name: "critical" }).click();
    await page.getByRole("button", { name: "30 days" }).click();
    const fired = page.locator(".figure", { hasText: "times it would have fired" });
    await fired.getByText("1", { exact: true }).waitFor();
    await page.locator(".chart canvas").waitFor();
    const told = page.locator(".panel", { hasText: "Whom it would have told" });
    const first = told.getByRole("row").nth(1);
    await first.getByText("oncall").waitFor();
    await first.getByText(/ada|bo|cy/).waitFor();
    await page.getByLabel("Limit").fill("3000");
    await page.getByText("It would not have fired.").waitFor();
    await page.getByLabel("Expression in PromQL").fill("orders_total");
    await page.getByText(/matches no series in this time/).waitFor();
    await page.getByLabel("Expression in PromQL").fill("orders >");
    await page
      .getByText(/cannot be read|expected|unexpected/i)
      .first()
      .waitFor();
    assert.deepEqual(visitor.faults, []);
  });

  test("what is unusual is drawn with its band", { timeout }, async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await page.getByLabel("Expression in PromQL").fill("orders");
    await page.getByRole("button", { name: "unusual" }).click();
    await page.getByRole("button", { name: "the days before" }).click();
    await page.getByRole("button", { name: "a week" }).click();
    const fired = page.locator(".figure", { hasText: "times it would have fired" });
    await fired.getByText("1", { exact: true }).waitFor();
    await page
      .locator(".chart")
      .getByText(/lower bound/)
      .first()
      .waitFor();
    await page
      .locator(".chart")
      .getByText(/upper bound/)
      .first()
      .waitFor();
    await page.waitForURL(/compare=unusual/);
    assert.deepEqual(visitor.faults, []);
  });

  test("rules that cannot do what they are there for are named, fits a phone, speaks Norwegian", {
    timeout,
  }, async () => {
    await using visitor = await visit({ viewport: { width: 390, height: 844 }, locale: "nb-NO" });
    const { page } = visitor;
    const faulty = page.locator(".panel", { hasText: "Regler som trenger et blikk" });
    await faulty.getByText("odd").first().waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      assert.deepEqual(await contrastFaults(page), [], colorScheme);
    }
    assert.ok(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      "wider than the screen",
    );
    assert.deepEqual(visitor.faults, []);
  });
});

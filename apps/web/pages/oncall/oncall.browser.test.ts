import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openVisitor, signIn } from "../../testing/browser.ts";
import { contrastFaults } from "../../testing/contrast.ts";
import { type Operations, openOperations } from "../../testing/operations.ts";

const timeout = 600_000;
const shop = "/environments/shop";

describe("on call, runbooks and status pages", () => {
  let demo: Operations;
  let browser: Browser;
  before(async () => {
    [demo, browser] = await Promise.all([openOperations(), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  async function visit(path: string, options: Parameters<typeof openVisitor>[1] & { role?: "viewer" } = {}) {
    const { role, ...how } = options;
    const visitor = await openVisitor(browser, how);
    await signIn(visitor.page, await demo.signInLink(role));
    visitor.faults.length = 0;
    await visitor.page.goto(demo.url + path);
    await visitor.page.locator("main h1").first().waitFor();
    return visitor;
  }
  const seen = (page: Page, text: string | RegExp) => page.locator("main").getByText(text).first().waitFor();

  test("the calendar shows shifts, layers and gaps, in the schedule's zone or one's own", {
    timeout,
  }, async () => {
    await using visitor = await visit(`${shop}/oncall?schedule=office&at=2099-12-09`, {
      timezoneId: "Europe/Oslo",
    });
    const { page } = visitor;
    await page.getByRole("heading", { name: "December 2099" }).waitFor();
    await page.locator(".source-fallback").first().waitFor();
    await page.getByRole("button", { name: "Week" }).click();
    await page.getByRole("list", { name: "Layer office" }).getByText("cy").nth(4).waitFor();
    const first = page.getByRole("list", { name: "Layer office" }).getByRole("listitem").first();
    const left = () => first.evaluate((item) => item.style.left);
    const there = await left();
    await page.getByRole("button", { name: "Europe/Oslo" }).click();
    await page.waitForFunction(
      ([before]) => document.querySelector<HTMLElement>(".quiet li")?.style.left !== before,
      [there] as const,
    );
    await page.waitForURL(/zone=own/);
    await page.getByRole("button", { name: "After" }).click();
    await page.waitForURL(/at=2099-12-16/);
    const address = await page.locator(".calendar-foot code").textContent();
    const answer = await fetch(address ?? "");
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /BEGIN:VEVENT/);
    assert.equal((await fetch(`${demo.url}/calendar/forged.token/oncall.ics`)).status, 404);
    assert.deepEqual(visitor.faults, []);
  });

  test("a shift is taken over by clicking, live for all, and given back", { timeout }, async () => {
    const path = `${shop}/oncall?schedule=week&at=2099-03-11&view=week`;
    await using watcher = await visit(path);
    await using visitor = await visit(path);
    const { page } = visitor;
    const shift = page.getByRole("list", { name: "On call" }).getByRole("button").nth(1);
    await shift.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/by layer/).waitFor();
    assert.equal(await dialog.getByLabel("Who").inputValue(), "ingrid");
    await dialog.getByRole("button", { name: /^Stand in for/ }).click();
    await dialog.getByRole("button", { name: "Stand in", exact: true }).click();
    await seen(page, "ingrid is on call then.");
    await watcher.page.locator(".source-swap").getByText("ingrid").first().waitFor();
    await page.locator(".source-swap").first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
    await watcher.page.locator(".source-swap").first().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Take over 12 March" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take over" }).click();
    await watcher.page.locator(".source-override").first().waitFor();
    assert.deepEqual([...visitor.faults, ...watcher.faults], []);
  });

  test("a runbook is tried dry, then run: its steps come live, and its question is answered there", {
    timeout,
  }, async () => {
    await using visitor = await visit(`${shop}/runbooks`);
    const { page } = visitor;
    const card = page.locator(".runbook", { hasText: "free-disk" });
    await card.getByText("by itself at most 2 runs in 1h").waitFor();
    await card.getByRole("button", { name: /Run/ }).click();
    const dialog = page.getByRole("dialog", { name: "Run free-disk" });
    await dialog.getByLabel("Arguments (as JSON)").fill("{");
    await dialog.getByText("This is no JSON object.").waitFor();
    await dialog.getByLabel("Arguments (as JSON)").fill('{ "host": "web-2" }');
    await dialog.getByRole("button", { name: "Dry run" }).click();
    await page.getByRole("heading", { level: 1, name: "free-disk" }).waitFor();
    await seen(page, "succeeded");
    await seen(page, /web-2/);
    await page.getByRole("button", { name: "Now for real" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
    await seen(page, "Remove old releases on web-1?");
    await page.getByRole("button", { name: "Approve" }).click();
    await seen(page, "succeeded");
    await page.getByRole("link", { name: "Runbooks" }).first().click();
    await page.getByRole("list", { name: "Runs" }).getByText("dry run").waitFor();
    assert.deepEqual(visitor.faults, []);
  });

  test("a run is stopped while it waits", { timeout }, async () => {
    await using visitor = await visit(`${shop}/runbooks`);
    const { page } = visitor;
    await page.locator(".runbook", { hasText: "free-disk" }).getByRole("button", { name: /Run/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
    await seen(page, "Remove old releases on web-1?");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator(".badge", { hasText: "stopped" }).waitFor();
  });

  test("a status page is seen as others see it; its components are said and taken back", {
    timeout,
  }, async () => {
    await using visitor = await visit(`${shop}/status-pages`);
    const { page } = visitor;
    await seen(page, "All systems operational");
    await page.getByRole("button", { name: "How does Search fare?" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "maintenance" }).click();
    await dialog.getByLabel("A word to those who read it").fill("New index until 15:00");
    await dialog.getByRole("button", { name: "Save" }).click();
    await seen(page, "The page tells of Search now.");
    await seen(page, "Maintenance is under way");
    const published = await fetch(`${demo.url}/status/shop/shop/`);
    assert.match(await published.text(), /New index until 15:00/);
    await page.goto(`${demo.url}${shop}/incidents`);
    await page.getByRole("button", { name: "Open an incident" }).click();
    await page.getByLabel("What is wrong").fill("Payments fail");
    await page.getByLabel("Status pages tell of it").check();
    await page.getByRole("dialog").getByRole("button", { name: "Open an incident" }).click();
    await page.getByRole("heading", { level: 1, name: "Payments fail" }).waitFor();
    await page.goto(`${demo.url}${shop}/status-pages`);
    await page.locator(".told").getByRole("link", { name: "Payments fail" }).waitFor();
    await page.locator(".status-frame").getByText("Payments fail").first().waitFor();
    assert.deepEqual(visitor.faults, []);
  });

  test("a viewer sees who is on call and takes nothing over", { timeout }, async () => {
    await using visitor = await visit(`${shop}/oncall?at=2099-03-11`, { role: "viewer" });
    const { page } = visitor;
    await page
      .getByRole("list", { name: "On call", exact: true })
      .first()
      .getByRole("button")
      .first()
      .click();
    const button = page.getByRole("dialog").getByRole("button", { name: "Take over" }).last();
    assert.equal(await button.isDisabled(), true);
  });

  for (const [name, path, norwegian] of [
    ["on call", `${shop}/oncall`, "I dag"],
    ["runbooks", `${shop}/runbooks`, "Startes av"],
    ["status pages", `${shop}/status-pages`, "Forhåndsvisning"],
  ] as const)
    test(`${name}: fits a phone, reads well in light and dark, speaks Norwegian`, { timeout }, async () => {
      await using visitor = await visit(path, { viewport: { width: 390, height: 844 }, locale: "nb-NO" });
      const { page } = visitor;
      await seen(page, norwegian);
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

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "@havn/testkit";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openVisitor, signIn } from "../../testing/browser.ts";
import { contrastFaults } from "../../testing/contrast.ts";
import { type Operations, openOperations } from "../../testing/operations.ts";

const timeout = 600_000;
const shop = "/environments/shop";

describe("alerts, silences, checks and incidents", () => {
  let demo: Operations;
  let browser: Browser;
  before(async () => {
    [demo, browser] = await Promise.all([openOperations(), openBrowser()]);
    await demo.alerting.reportCheck("shop/check/gateway", { state: "critical", output: "no answer" });
    await demo.alerting.reportCheck("shop/check/shop-front", { state: "critical", output: "refused" });
    await demo.alerting.reportCheck("shop/check/backup", { state: "ok", output: "3 h old" });
    await demo.alerting.evaluate();
    await until(async () => (await paging()).length >= 2, {
      what: "two incidents whose people were asked",
      timeoutMs: 60_000,
    });
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  const paging = async () =>
    (await demo.timeline.list({ kind: "page.asked", limit: 100 })).map(({ summary }) => summary);

  async function visit(path: string, options: Parameters<typeof openVisitor>[1] & { role?: "viewer" } = {}) {
    const { role, ...how } = options;
    const visitor = await openVisitor(browser, how);
    await signIn(visitor.page, await demo.signInLink(role));
    visitor.faults.length = 0;
    await visitor.page.goto(demo.url + path);
    await visitor.page.locator("main h1").first().waitFor();
    return visitor;
  }
  const seen = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
  const group = (page: Page, text: string) => page.locator(".alert-group", { hasText: text }).first();

  test("alerts stand in the groups of their routes, with who is asked and what holds them back", {
    timeout,
  }, async () => {
    await using visitor = await visit(`${shop}/alerts`);
    const { page } = visitor;
    const disk = group(page, "disk-full");
    await disk.getByRole("heading", { name: "oncall" }).waitFor();
    await disk.getByText(/The disk of web-1 is 0\.9\d+ full/).waitFor();
    await group(page, "shop-errors").getByRole("heading", { name: "chat" }).waitFor();
    await seen(page, "behind gateway");
    await disk.getByRole("button", { name: "Details" }).click();
    await disk.locator("canvas").first().waitFor();
    await disk.getByText("disk_used_ratio > 0.9").waitFor();
    await disk.getByText(/limit >/).waitFor();
    await disk.getByRole("link", { name: /Incident \d/ }).waitFor();
    await page.getByLabel("Group by").selectOption("host");
    await group(page, "web-2").getByText("shop on web-2 answers with errors").waitFor();
    await page.waitForURL(/by=host/);
    assert.deepEqual(visitor.faults, []);
  });

  test("the filter stands in the address, and a click on a label filters by it", { timeout }, async () => {
    await using visitor = await visit(`${shop}/alerts?q=severity%3D"warning"`);
    const { page } = visitor;
    await page.locator(".alert-item").nth(1).waitFor();
    assert.equal(await page.locator(".alert-item").count(), 2);
    await page.locator(".labels button", { hasText: "web-2" }).first().click();
    await page.locator(".alert-item").nth(1).waitFor({ state: "detached" });
    await page.waitForURL(({ href }) => /host="web-2"/.test(decodeURIComponent(href)));
    await page.keyboard.press("/");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("no such word");
    await seen(page, "No alert fits this filter");
  });

  test("several are silenced at once: what it covers is told first, and every page learns of it", {
    timeout,
  }, async () => {
    await using watcher = await visit(`${shop}/silences`);
    await using visitor = await visit(`${shop}/alerts`);
    const { page } = visitor;
    await group(page, "shop-errors").getByLabel("Choose all of this group").check();
    await page.getByRole("button", { name: "Silence", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "New silence" });
    await dialog.getByText("It covers 2 alerts right now").waitFor();
    await dialog.getByLabel("Value").first().fill("disk-full");
    await dialog.getByText("It covers no alert right now").waitFor();
    await dialog.getByLabel("Value").first().fill("shop-errors");
    await dialog.getByLabel("Why").fill("the release is known");
    await dialog.getByRole("button", { name: "Silence 2 alerts" }).click();
    await dialog.waitFor({ state: "detached" });
    await group(page, "shop-errors").getByText("silenced").nth(1).waitFor();
    const card = watcher.page.locator(".silence", { hasText: "the release is known" });
    await card.getByText("covers 2 now").waitFor();
    await card.getByRole("button", { name: "End now" }).click();
    await seen(watcher.page, "Nothing is silenced");
    await group(page, "shop-errors").getByText("silenced").first().waitFor({ state: "detached" });
    await watcher.page.getByRole("button", { name: /^over/ }).click();
    await card.getByRole("button", { name: "Again" }).waitFor();
    assert.deepEqual([...visitor.faults, ...watcher.faults], []);
  });

  test("maintenance is begun and ended, and alerts of the host say so", { timeout }, async () => {
    await using visitor = await visit(`${shop}/silences`);
    const { page } = visitor;
    await page.getByRole("button", { name: "Begin maintenance" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Host").selectOption("web-1");
    await dialog.getByLabel("Why").fill("a new disk");
    await dialog.getByRole("button", { name: "Begin", exact: true }).click();
    await seen(page, "a new disk");
    await page.goto(`${demo.url}${shop}/alerts`);
    await group(page, "disk-full").getByText("maintenance").waitFor();
    await page.goto(`${demo.url}${shop}/silences`);
    await page.getByRole("button", { name: "End now" }).click();
    await page.getByText("a new disk").waitFor({ state: "detached" });
  });

  test("maintenance that comes again: when it opens and what it covers is told first; declared windows are shown as such", {
    timeout,
  }, async () => {
    await using visitor = await visit(`${shop}/silences`);
    const { page } = visitor;
    const declared = page.getByRole("listitem").filter({ hasText: "system patches" }).first();
    await declared.getByText("declared", { exact: true }).waitFor();
    await declared.getByText(/next .* to |open until/).waitFor();
    assert.equal(await declared.getByRole("button", { name: "End now" }).count(), 0);
    await declared.getByRole("button", { name: "What it covers now" }).click();
    await declared.getByText(/It covers \d+ alert/).waitFor();
    await page.getByRole("button", { name: "Begin maintenance" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Host").selectOption("web-1");
    await dialog.getByRole("button", { name: "Every week" }).click();
    await dialog.getByLabel("First time").fill(`${new Date().getFullYear() + 1}-11-28T02:00`);
    await dialog.getByLabel("Whose clock").fill("Mars/Olympus");
    await dialog.getByText(/IANA time zone/).waitFor();
    await dialog.getByLabel("Whose clock").fill("Europe/Oslo");
    await dialog.getByRole("region", { name: "It is open next" }).getByRole("listitem").nth(4).waitFor();
    await dialog.getByText(/It covers \d+ alert/).waitFor();
    await dialog.getByLabel("Why").fill("weekly backup");
    await dialog.getByRole("button", { name: "Begin", exact: true }).click();
    const begun = page.getByRole("listitem").filter({ hasText: "weekly backup" }).first();
    await begun
      .getByText(
        /"FREQ=WEEKLY;BYDAY=[A-Z]{2}" from .* Europe\/Oslo|"FREQ=WEEKLY;BYDAY=[A-Z]{2}" Europe\/Oslo/,
      )
      .waitFor();
    await begun.getByText(/next 28/).waitFor();
    await begun.getByRole("button", { name: "End now" }).click();
    await begun.waitFor({ state: "detached" });
    assert.deepEqual(
      visitor.faults.filter((fault) => !fault.includes("400")),
      [],
    );
  });

  test("an alert is acknowledged from its own page, live on the incident's", { timeout }, async () => {
    await using watcher = await visit(`${shop}/incidents`);
    await using visitor = await visit(`${shop}/alerts`);
    const { page } = visitor;
    await page
      .getByRole("link", { name: /The disk of web-1 is/ })
      .first()
      .click();
    await page.getByRole("heading", { level: 1, name: /The disk of web-1/ }).waitFor();
    await page.getByRole("button", { name: "Acknowledge" }).click();
    await seen(page, "ingrid has it");
    await watcher.page.locator(".incident-row", { hasText: "disk" }).getByText("acknowledged").waitFor();
  });

  test("checks show their state, tree and history, as they change", { timeout }, async () => {
    await using visitor = await visit(`${shop}/checks`);
    const { page } = visitor;
    const row = (name: string) => page.locator(".board tr", { hasText: name });
    await row("shop-front").getByText("behind gateway").waitFor();
    await page.getByRole("button", { name: "Tree" }).click();
    await page.locator(".branch").waitFor();
    await demo.alerting.reportCheck("shop/check/backup", { state: "warning", output: "9 h old" });
    await row("backup").getByText("soft 1/3").waitFor();
    await row("backup").getByText("9 h old").waitFor();
    await page.getByRole("button", { name: /Problems/ }).click();
    await page.waitForURL(/show=problems/);
    await row("gateway").getByRole("link", { name: "gateway" }).first().click();
    await page.getByRole("heading", { level: 1, name: "gateway" }).waitFor();
    await page.getByRole("img", { name: /critical/ }).waitFor();
    await page.locator(".history-chart canvas").first().waitFor();
    await page.getByRole("link", { name: "shop-front" }).waitFor();
    assert.deepEqual(visitor.faults, []);
  });

  test("a check of the control plane is run now", { timeout }, async () => {
    const port = Number(new URL(demo.url).port);
    await demo.declare({
      ...{ address: "shop/check/page", type: "check", name: "page", dependsOn: [] },
      properties: { interval: "1h", probe: { kind: "tcp", host: "127.0.0.1", port } },
    });
    await using visitor = await visit(`${shop}/checks`);
    const { page } = visitor;
    await page.getByRole("button", { name: "Run page now" }).click();
    await seen(page, "page was run.");
    await page.locator(".board tr", { hasText: "page" }).getByText("OK").waitFor();
  });

  test("an incident is led from its page: roles, notes, updates, action items, a written postmortem", {
    timeout,
  }, async () => {
    await demo.timeline.write({
      ...{ kind: "apply.finished", environment: "shop", summary: "Release 5 of search runs" },
      ...{ address: "shop/service/search", actor: "user:bo", data: { applyId: "a" } },
    });
    await using visitor = await visit(`${shop}/incidents`);
    const { page } = visitor;
    await page.getByRole("button", { name: "Open an incident" }).click();
    await page.getByLabel("What is wrong").fill("Search is slow");
    await page.getByRole("dialog").getByRole("button", { name: "Open an incident" }).click();
    await page.getByRole("heading", { level: 1, name: "Search is slow" }).waitFor();
    await page.locator(".suspects").getByText("Release 5 of search runs").waitFor();
    await page.getByRole("button", { name: "Take it" }).first().click();
    await until(async () => (await page.getByLabel("Commander").inputValue()) === "ingrid", {
      what: "the commander to be named",
    });
    await page.getByRole("textbox", { name: "Write" }).fill("it is the cache");
    await page.getByRole("button", { name: "Write down" }).click();
    await page.locator(".said").getByText("it is the cache").waitFor();
    await page.getByRole("button", { name: "Update", exact: true }).click();
    await page.getByLabel("Status", { exact: true }).selectOption("monitoring");
    await page.getByRole("textbox", { name: "Write" }).fill("Search answers again.");
    await page.getByRole("button", { name: "Tell stakeholders" }).click();
    await page.locator(".said-update").getByText("Search answers again.").waitFor();
    await page.getByLabel("What is to be done").fill("alert earlier");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("checkbox", { name: "Done: alert earlier" }).click();
    await page.locator(".todo .is-done").waitFor();
    await page.getByRole("button", { name: "Resolve" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resolve" }).click();
    await page.getByRole("button", { name: "Acknowledge" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Show the draft" }).click();
    await page.getByRole("cell", { name: "alert earlier" }).waitFor();
    await page.getByRole("button", { name: "Change" }).click();
    const editor = page.getByRole("textbox", { name: "Postmortem" });
    await editor.fill("# Postmortem\n\nThe **cache** was cold. <b>bold</b>");
    await page.getByRole("button", { name: "Save" }).click();
    await seen(page, /Written by ingrid/);
    await page.locator(".markdown b", { hasText: "cache" }).waitFor();
    await seen(page, "<b>bold</b>");
    assert.deepEqual(visitor.faults, []);
  });

  test("the figures tell times, pages and noisy rules", { timeout }, async () => {
    await using visitor = await visit(`${shop}/incident-figures`);
    const { page } = visitor;
    await seen(page, "to acknowledge");
    await page.getByRole("cell", { name: "disk-full" }).waitFor();
    await page.getByRole("button", { name: "a year" }).click();
    await page.waitForURL(/days=365/);
  });

  test("a viewer looks and may not act", { timeout }, async () => {
    await using visitor = await visit(`${shop}/alerts`, { role: "viewer" });
    const { page } = visitor;
    await page.getByLabel("Choose all of this group").first().check();
    for (const name of ["Acknowledge", "Silence"])
      assert.equal(await page.getByRole("button", { name, exact: true }).isDisabled(), true);
  });

  for (const [name, path, norwegian] of [
    ["alerts", `${shop}/alerts`, "Varsler"],
    ["silences", `${shop}/silences`, "Demping"],
    ["checks", `${shop}/checks`, "Sjekker"],
    ["a check", `${shop}/checks/gateway`, "Historikk"],
    ["incidents", `${shop}/incidents`, "Hendelser"],
    ["an incident", `${shop}/incidents/1`, "Hva som skjedde"],
    ["figures", `${shop}/incident-figures`, "til løst"],
  ] as const)
    test(`${name}: fits a phone, reads well in light and dark, speaks Norwegian`, { timeout }, async () => {
      await using visitor = await visit(path, { viewport: { width: 390, height: 844 }, locale: "nb-NO" });
      const { page } = visitor;
      await page.locator("main").getByText(norwegian).first().waitFor();
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

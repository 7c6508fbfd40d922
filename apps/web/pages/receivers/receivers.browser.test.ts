import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openVisitor, signIn } from "../../testing/browser.ts";
import { contrastFaults } from "../../testing/contrast.ts";
import { type Operations, openOperations } from "../../testing/operations.ts";

const timeout = 600_000;
const path = "/environments/shop/receivers";

describe("receivers", () => {
  let demo: Operations;
  let browser: Browser;
  const sent: string[] = [];
  before(async () => {
    const send = async (channel: string, subject: string) => {
      sent.push(`${channel} ${subject}`);
      if (channel === "ntfy") throw new Error("answered 500: away");
      return "answered 200";
    };
    [demo, browser] = await Promise.all([openOperations({ send }), openBrowser()]);
    await demo.alerting.evaluate();
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  async function visit(options: Parameters<typeof openVisitor>[1] & { role?: "viewer" } = {}) {
    const { role, ...how } = options;
    const visitor = await openVisitor(browser, how);
    await signIn(visitor.page, await demo.signInLink(role));
    visitor.faults.length = 0;
    await visitor.page.goto(demo.url + path);
    await visitor.page.locator("main h1").first().waitFor();
    return visitor;
  }
  const receiver = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

  test("a template is filled in with a real alert while it is typed, its faults at their place; a test is sent and its attempts shown", {
    timeout,
  }, async () => {
    await using visitor = await visit();
    const { page } = visitor;
    const chat = receiver(page, "chat");
    const preview = chat.getByRole("region", { name: "What chat would say" });
    await preview.locator("pre", { hasText: "answers with errors" }).waitFor();
    await chat.getByLabel("Text").fill("{{ each alerts }}\n {{ nothing }}{{ end }}");
    await preview.getByText('Text, line 2, column 2: nothing is called "nothing" here').waitFor();
    assert.ok(await chat.getByRole("button", { name: "Send a test" }).isDisabled());
    await chat.getByLabel("Text").fill("{{ each alerts }}{{ labels.host }}{{ labels.rack }};{{ end }}");
    await preview.getByText("Empty with these alerts: labels.rack").waitFor();
    await preview.locator("pre", { hasText: /web-\d;/ }).waitFor();
    await chat.getByRole("button", { name: "Send a test" }).click();
    await chat.getByText("slack.example").nth(1).waitFor();
    await chat.locator(".badge", { hasText: "taken" }).waitFor();
    const oncall = receiver(page, "oncall");
    await oncall.getByLabel("Filled in with").selectOption({ index: 1 });
    await oncall.getByRole("button", { name: "Send a test" }).click();
    await oncall.getByText("answered 500: away").first().waitFor();
    assert.ok(
      sent.some((one) => one.startsWith("slack [TEST] warning: ")),
      sent.join("\n"),
    );
    assert.deepEqual(visitor.faults, []);
  });

  test("a viewer reads the words and sends nothing", { timeout }, async () => {
    await using visitor = await visit({ role: "viewer" });
    const chat = receiver(visitor.page, "chat");
    await chat.locator("pre", { hasText: "answers with errors" }).waitFor();
    assert.ok(await chat.getByRole("button", { name: "Send a test" }).isDisabled());
  });

  test("fits a phone, reads well in light and dark, speaks Norwegian", { timeout }, async () => {
    await using visitor = await visit({ viewport: { width: 390, height: 844 }, locale: "nb-NO" });
    const { page } = visitor;
    await page.getByText("Spør først nå").first().waitFor();
    await page.locator(".receiver pre").first().waitFor();
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

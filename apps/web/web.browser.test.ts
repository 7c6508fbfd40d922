import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openVisitor, signIn } from "./testing/browser.ts";
import { contrastFaults } from "./testing/contrast.ts";
import { logLine, shopAlert, shopWorld } from "./testing/data.ts";
import { type Demo, openDemo } from "./testing/demo.ts";

let demo: Demo;
let browser: Browser;
const shop = "/environments/shop";
const timeout = 600_000;

async function signedIn(role?: "viewer" | "admin", options: Parameters<typeof openVisitor>[1] = {}) {
  const visitor = await openVisitor(browser, options);
  await signIn(visitor.page, await demo.signInLink(role));
  visitor.faults.length = 0;
  return visitor;
}

const open = (page: Page, path: string) => page.goto(demo.url + path);
/** Waits until as many elements fit: what a key or click changes is drawn a moment later. */
async function counted(page: Page, selector: string, count: number) {
  await page.waitForFunction(([query, wanted]) => document.querySelectorAll(query).length === wanted, [
    selector,
    count,
  ] as const);
}

const seen = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

// A suite of its own, so that its `after` runs before the database below it is taken away.
describe("the page", () => {
  before(async () => {
    [demo, browser] = await Promise.all([openDemo(), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  test("a link signs in once, leaves no code in the address, and signing out ends it", {
    timeout,
  }, async () => {
    const link = await demo.signInLink();
    await using visitor = await openVisitor(browser);
    await signIn(visitor.page, link);
    assert.equal(visitor.page.url(), `${demo.url}/`);
    await seen(visitor.page, "Environments");
    await visitor.page.getByRole("button", { name: "Sign out" }).click();
    await seen(visitor.page, "You are not signed in");
    await open(visitor.page, shop);
    await seen(visitor.page, "./havn sign-in");

    await using second = await openVisitor(browser);
    await second.page.goto(link);
    await second.page.getByRole("button", { name: "Sign in to Havn" }).click();
    assert.doesNotMatch(second.page.url(), /#/);
    await seen(second.page, /has been used already/);
  });

  test("the map shows hosts, instances, traffic and drift, and leads to the host", { timeout }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    await open(page, shop);
    const map = page.getByRole("region", { name: /Hosts from the entrance/ });
    for (const name of ["lb-1", "web-1", "web-2", "db-1"]) await map.getByRole("link", { name }).waitFor();
    await map
      .getByText(/^\d+\/s$/)
      .first()
      .waitFor();
    await map.getByText("1 resource has drifted").waitFor();
    await map.locator("path").first().waitFor({ state: "attached" });
    await counted(page, "g.edge.flowing", 3);
    await map.getByRole("link", { name: "web-1" }).click();
    await page.getByRole("heading", { level: 1, name: "web-1" }).waitFor();
    await page.locator("canvas").nth(3).waitFor();
    await seen(page, "+edited by hand on a Friday");
    assert.deepEqual(visitor.faults, []);
  });

  test("what happens arrives without loading anew, and what has ended goes", { timeout }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    await open(page, shop);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate(() => Object.assign(window, { stayed: true }));
    const { status } = shopWorld(Date.now());
    demo.live.publish("status:shop", { ...status, alerts: [shopAlert(Date.now(), "firing")] });
    await seen(page, "Firing (1)");
    await page.getByText("2 problems").waitFor();
    demo.live.publish("status:shop", status);
    await page.getByText("Firing (1)").waitFor({ state: "detached" });
    const [newest] = demo.world.events;
    demo.live.publish("events:shop", { ...newest, id: 9001, summary: "Release 5 of shop was made just now" });
    await seen(page, "Release 5 of shop was made just now");
    assert.equal(await page.evaluate(() => "stayed" in window), true);
  });

  test("log lines follow live and are shown as text, whatever is in them", { timeout }, async () => {
    await using visitor = await signedIn();
    await open(visitor.page, `${shop}/services/shop`);
    await seen(visitor.page, /GET \/products 200/);
    demo.live.publish("logs:shop:shop", [logLine(Date.now(), "<img src=x onerror=alert(1)> landed")]);
    await seen(visitor.page, "<img src=x onerror=alert(1)> landed");
    await visitor.page.getByRole("searchbox").fill("landed");
    await counted(visitor.page, ".log-line", 1);
    assert.deepEqual(visitor.faults, []);
  });

  test("the language is the browser's, is switched at once, and is remembered", { timeout }, async () => {
    await using visitor = await signedIn("admin", { locale: "nb-NO" });
    const { page } = visitor;
    await open(page, shop);
    await seen(page, "Tidslinje");
    await counted(page, "html[lang=nb]", 1);
    await page.getByRole("button", { name: "English" }).click();
    await seen(page, "Timeline");
    await page.reload();
    await seen(page, "Timeline");
    await counted(page, "html[lang=en]", 1);
  });

  for (const [locale, title, kind, how] of [
    ["en-GB", "Unmanaged (3)", "Packages (1)", "Declare it with:"],
    ["nb-NO", "Ikke beskrevet (3)", "Pakker (1)", "Beskriv det med:"],
  ] as const)
    test(`what nobody declares on a host is listed by kind on a phone: ${locale}`, { timeout }, async () => {
      await using visitor = await signedIn("viewer", { locale, viewport: { width: 390, height: 844 } });
      const { page } = visitor;
      await open(page, `${shop}/hosts/web-1`);
      await page.getByRole("heading", { name: title }).waitFor();
      assert.equal(await page.getByText("tcpdump").isVisible(), false);
      await page.getByText(kind, { exact: true }).click();
      await page.getByText("tcpdump").waitFor();
      await seen(page, how);
      await seen(page, "./havn adopt web-1 --write web-1.ts");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      assert.deepEqual(visitor.faults, []);
    });

  test("colours follow the system until they are chosen, and the choice is kept", { timeout }, async () => {
    await using visitor = await signedIn("admin", { colorScheme: "dark" });
    const { page } = visitor;
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.getByRole("button", { name: "Light" }).click();
    await counted(page, "html[data-theme=light]", 1);
    const light = await background();
    assert.notEqual(light, dark);
    await page.reload();
    await page.locator("main#main").waitFor();
    assert.equal(await background(), light);
    await page.getByRole("button", { name: "Dark" }).click();
    await counted(page, "html[data-theme=dark]", 1);
    assert.equal(await background(), dark);
  });

  test("everything is reached by keyboard", { timeout }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    await open(page, shop);
    await seen(page, "Latest");
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.getByRole("heading", { level: 1, name: "Timeline" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("killed");
    await counted(page, ".event", 1);
    await page.keyboard.press("Tab");
    await page.keyboard.press("?");
    assert.equal(await page.getByRole("dialog").count(), 0, "typing in a field is no shortcut");
    await page.locator("main#main").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.reload();
    await seen(page, "Yesterday");
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to content");
  });

  test("the timeline filters by kind, host and service", { timeout }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    await open(page, `${shop}/timeline`);
    await page.getByLabel("Kind", { exact: true }).selectOption("rollout");
    await page.locator(".event").nth(3).waitFor();
    await page.getByText("was killed by signal 9").waitFor({ state: "detached" });
    await page.waitForURL(/kind=rollout/);
    await page.getByLabel("Host", { exact: true }).selectOption("web-1");
    await page.getByText("shop on web-2 runs release 4").waitFor({ state: "detached" });
    await counted(page, ".event", 1);
    await page.getByLabel("Host", { exact: true }).selectOption("lb-1");
    await page.getByRole("link", { name: "Clear the filter" }).click();
    await seen(page, "was killed by signal 9");
  });

  test("a rollback is asked for once more, then shows how it goes", { timeout }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    await open(page, `${shop}/services/shop`);
    await page.getByRole("button", { name: "Roll back" }).click();
    const dialog = page.getByRole("dialog", { name: "Roll back to release 3?" });
    await dialog.getByRole("button", { name: "Roll back" }).click();
    await seen(page, "web-2: waiting for /healthz");
    demo.live.publish("apply:apply-rollback", { ...demo.world.apply, state: "succeeded" });
    await seen(page, "Rollback · succeeded");
    assert.deepEqual(visitor.faults, []);
  });

  test("an apply is found in the history, and taken back after a look at what that does", {
    timeout,
  }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    const batches = [
      { hosts: ["web-1"], state: "done" as const },
      { hosts: ["web-2"], state: "gate" as const, detail: "an alert fires: too slow" },
    ];
    demo.world.apply = { ...demo.world.apply, state: "succeeded", batches };
    await open(page, `${shop}/applies`);
    await page.getByRole("list", { name: "Applies, newest first" }).getByRole("link").click();
    await seen(page, "Rollback · succeeded");
    const list = page.getByRole("list", { name: "Batches of hosts, in their order" });
    await list.getByText("at its gate: an alert fires: too slow").waitFor();
    assert.equal(await list.getByRole("listitem").count(), 2);
    await page.getByRole("button", { name: "Revert" }).click();
    const dialog = page.getByRole("dialog", { name: "Revert this apply?" });
    await dialog.getByText("service/shop").waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Revert" }).isDisabled(), false);
    assert.deepEqual(visitor.faults, []);
  });

  test("a viewer looks but may not roll back", { timeout }, async () => {
    await using visitor = await signedIn("viewer");
    await open(visitor.page, `${shop}/services/shop`);
    const button = visitor.page.getByRole("button", { name: "Roll back" });
    await button.waitFor();
    assert.equal(await button.isDisabled(), true);
  });

  test("a lost connection is told, and comes back by itself", { timeout }, async () => {
    const own = await openDemo();
    const port = Number(new URL(own.url).port);
    await using visitor = await openVisitor(browser);
    await signIn(visitor.page, await own.signInLink());
    await visitor.page.getByText("Live", { exact: true }).waitFor();
    const [[, cookie] = []] = [Object.entries((await visitor.page.context().cookies())[0] ?? {})];
    assert.ok(cookie);
    await own[Symbol.asyncDispose]();
    await seen(visitor.page, /The connection to Havn is lost/);
    await using _again = await openDemo(shopWorld(Date.now()), port);
    // Another installation: the old session is no longer known, so the page asks to sign in.
    await seen(visitor.page, "You are not signed in");
  });

  test("nothing there, nothing found and no answer each say what to do", { timeout }, async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    const { environments } = demo.world;
    demo.world.environments = [];
    await open(page, "/");
    await seen(page, "./havn up examples/hello");
    demo.world.environments = environments;
    await open(page, "/environments/shop/hosts/nowhere");
    await seen(page, "There is no host nowhere");
    await open(page, "/no/such/page/at/all");
    await seen(page, "There is no such page");
    await page.route("**/api/v1/environments", (route) => route.abort());
    await open(page, "/");
    await seen(page, "Havn does not answer");
    await page.unroute("**/api/v1/environments");
    await page.getByRole("button", { name: "Try again" }).click();
    await seen(page, "4 hosts");
  });

  for (const [name, path] of [
    ["overview", "/"],
    ["map", shop],
    ["host", `${shop}/hosts/web-1`],
    ["service", `${shop}/services/shop`],
    ["timeline", `${shop}/timeline`],
    ["applies", `${shop}/applies`],
    ["apply", `${shop}/applies/apply-rollback`],
  ] as const)
    test(`${name}: fits a phone, reads well in light and dark, asks nothing of others`, {
      timeout,
    }, async () => {
      await using visitor = await signedIn("admin", { viewport: { width: 390, height: 844 } });
      const { page } = visitor;
      const foreign: string[] = [];
      page.on("request", (request) => {
        if (new URL(request.url()).host !== new URL(demo.url).host) foreign.push(request.url());
      });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await open(page, path);
        await page.locator("main h1").waitFor();
        assert.deepEqual(await contrastFaults(page), [], colorScheme);
      }
      assert.ok(
        await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        "wider than the screen",
      );
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("navigation").getByRole("link", { name: "Alerts" }).waitFor();
      assert.deepEqual(foreign, []);
      assert.deepEqual(visitor.faults, []);
    });
});

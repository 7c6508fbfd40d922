import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type DashboardProperties, dashboardProperties } from "@havn/model";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openVisitor, signIn } from "../../testing/browser.ts";
import { contrastFaults } from "../../testing/contrast.ts";
import { shopWorld } from "../../testing/data.ts";
import { type Demo, openDemo } from "../../testing/demo.ts";
import { machineMetrics } from "../../testing/machines.ts";

const timeout = 600_000;
const now = Date.now();
const hostsJson = fileURLToPath(new URL("../../../../packages/grafana/testdata/hosts.json", import.meta.url));

const front = (more: Partial<DashboardProperties> = {}) =>
  dashboardProperties.parse({
    title: "Front of $host",
    variables: [
      { kind: "query", name: "host", query: "label_values(node_uname_info, host)", multi: true, all: true },
    ],
    panels: [
      { kind: "stat", title: "Load", queries: [{ expr: 'node_load1{host=~"$host"}', legend: "{{host}}" }] },
      {
        kind: "gauge",
        title: "Memory",
        unit: "ratio",
        queries: [{ expr: "avg(node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)" }],
      },
      {
        kind: "bar",
        title: "Free",
        unit: "bytes",
        queries: [{ expr: 'node_filesystem_avail_bytes{mountpoint="/"}', legend: "{{host}}" }],
      },
      { kind: "text", title: "", text: "Ask **Ada** first.\n\n[Handbook](https://example.org)" },
      {
        kind: "timeseries",
        title: "Processor",
        unit: "ratio",
        stack: "percent",
        queries: [
          {
            expr: 'sum by (mode) (rate(node_cpu_seconds_total{host=~"$host"}[$__rate_interval]))',
            legend: "{{mode}}",
          },
        ],
      },
      {
        kind: "heatmap",
        title: "Times",
        unit: "seconds",
        queries: [{ expr: "sum by (le) (increase(request_seconds_bucket[1m]))" }],
      },
      {
        kind: "table",
        title: "File systems",
        unit: "bytes",
        width: 24,
        queries: [{ expr: 'node_filesystem_avail_bytes{host=~"$host"}' }],
      },
    ],
    ...more,
  });

describe("dashboards", () => {
  let demo: Demo;
  let browser: Browser;
  before(async () => {
    [demo, browser] = await Promise.all([openDemo(shopWorld(now), 0, machineMetrics(now)), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  async function put(name: string, content: DashboardProperties) {
    const key = { environment: "shop", name };
    const revision = (await demo.insight.dashboards.find(key))?.revision;
    await demo.insight.dashboards.edit(key, { content, actor: "user:ada", revision });
  }
  const pathOf = (name: string, search = "") => `/environments/shop/dashboards/${name}${search}`;
  async function visitor(
    path: string,
    options: Parameters<typeof openVisitor>[1] = {},
    role: "viewer" | "admin" = "admin",
  ) {
    const opened = await openVisitor(browser, options);
    await signIn(opened.page, await demo.signInLink(role));
    opened.faults.length = 0;
    await opened.page.goto(demo.url + path);
    await opened.page.getByRole("heading", { level: 1 }).waitFor();
    return opened;
  }
  const panel = (page: Page, title: string) => page.getByRole("region", { name: title, exact: true });
  const search = (page: Page) => new URL(page.url()).searchParams;

  test("every kind of panel shows what was asked", { timeout }, async () => {
    await put("front", front());
    await using opened = await visitor(pathOf("front"));
    const { page } = opened;
    await page.getByRole("heading", { level: 1, name: "Front of All" }).waitFor();
    await panel(page, "Load").getByText("web-2").waitFor();
    await panel(page, "Memory").getByRole("img").waitFor();
    await panel(page, "Free").getByText("db-1").waitFor();
    await page.getByText("Ask Ada first.").waitFor();
    await panel(page, "Processor").locator("canvas").waitFor();
    await panel(page, "Processor").getByRole("button", { name: "iowait" }).waitFor();
    await panel(page, "Times").locator("canvas").waitFor();
    await panel(page, "File systems").getByRole("cell", { name: "/var" }).first().waitFor();
    await panel(page, "File systems").getByRole("button", { name: "Value" }).click();
    await panel(page, "File systems").getByRole("columnheader", { name: "Value ↓" }).waitFor();
    assert.deepEqual(opened.faults, []);
  });

  test("a choice of a variable stands in the address, and whoever has the link sees the same", {
    timeout,
  }, async () => {
    await put("front", front());
    await using opened = await visitor(pathOf("front"));
    const { page } = opened;
    await page.locator("summary[aria-label^='Variable host']").click();
    await page.getByRole("checkbox", { name: "web-1" }).check();
    await page.getByRole("checkbox", { name: "db-1" }).check();
    await page.keyboard.press("Escape");
    await page.waitForURL(/var-host=web-1&var-host=db-1/);
    await page.getByRole("heading", { level: 1, name: "Front of web-1 + db-1" }).waitFor();
    await panel(page, "Load").getByText("web-2").waitFor({ state: "detached" });
    await using other = await visitor(
      new URL(page.url()).pathname + new URL(page.url()).search,
      {},
      "viewer",
    );
    await panel(other.page, "Load").getByText("db-1").waitFor();
    assert.equal(await panel(other.page, "Load").getByText("web-2").count(), 0);
    assert.equal(await other.page.getByRole("button", { name: "Edit" }).isDisabled(), true);
    assert.deepEqual(opened.faults, []);
  });

  test("dragging over one panel zooms all, and the way back is the browser's", { timeout }, async () => {
    await put("front", front());
    await using opened = await visitor(pathOf("front"));
    const { page } = opened;
    // Nothing moves any more.
    await panel(page, "Load").getByText("web-2").waitFor();
    await panel(page, "Free").getByText("db-1").waitFor();
    await panel(page, "Times").locator("canvas").waitFor();
    const box = await panel(page, "Processor").locator(".u-over").boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const [from, to] = ["from", "to"].map((name) => Date.parse(search(page).get(name) ?? ""));
    const minutes = ((to ?? 0) - (from ?? 0)) / 60_000;
    assert.ok(minutes > 12 && minutes < 18, `${minutes} of 60 minutes`);
    await page.goBack();
    await page.getByRole("button", { name: "last 1h" }).waitFor();
    await page.locator("main#main").focus();
    await page.keyboard.press("-");
    await page.waitForURL(/range=2h/);
    assert.deepEqual(opened.faults, []);
  });

  test("fifty panels ask six at a time, only those in sight, and leaving stops the rest", {
    timeout,
  }, async () => {
    const panels = Array.from({ length: 50 }, (_, n) => ({
      ...{ kind: "timeseries" as const, title: `Panel ${n}`, width: 4, height: 4 },
      queries: [{ expr: `node_load1 + ${n}` }],
    }));
    await put("many", dashboardProperties.parse({ title: "Many", panels }));
    await using opened = await visitor("/environments/shop", { viewport: { width: 1440, height: 3000 } });
    const { page } = opened;
    const held: (() => void)[] = [];
    let ended = 0;
    const stopped: string[] = [];
    let holding = true;
    // Counted in the page: what the browser tells of its network comes in any order.
    await page.addInitScript(() => {
      const ask = globalThis.fetch;
      const counted = { under: 0, most: 0 };
      Object.assign(globalThis, { counted });
      globalThis.fetch = async (input, init) => {
        if (!String(input).endsWith("/query_range")) return ask(input, init);
        counted.under += 1;
        counted.most = Math.max(counted.most, counted.under);
        try {
          const response = await ask(input, init);
          return new Response(await response.arrayBuffer(), response);
        } finally {
          counted.under -= 1;
        }
      };
    });
    await page.route("**/prometheus/api/v1/query_range", async (route) => {
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      await route.continue().catch(() => undefined);
    });
    page.on("requestfinished", (request) => {
      if (request.url().endsWith("/query_range")) ended += 1;
    });
    page.on("requestfailed", (request) => {
      if (request.url().endsWith("/query_range")) stopped.push(request.failure()?.errorText ?? "");
    });
    const wait = async (until: () => boolean, what: string) => {
      for (let tries = 0; !until(); tries++) {
        assert.ok(tries < 2400, what);
        await page.waitForTimeout(50);
      }
    };
    await page.goto(demo.url + pathOf("many"));
    await wait(() => held.length >= 6, "six are asked");
    await page.waitForTimeout(300);
    assert.equal(held.length, 6, "the seventh waits for its turn");
    // Whoever leaves now has asked six of fifty.
    await page.getByRole("link", { name: "Dashboards", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Dashboards" }).waitFor();
    await wait(() => stopped.length === 6, "those under way are stopped");
    assert.equal(ended, 0);
    holding = false;
    for (const go of held) go();
    await page.getByRole("link", { name: /^Many/ }).click();
    await wait(() => ended >= 50, `all are there: ${ended}`);
    await page.locator(".board-panel canvas").nth(49).waitFor();
    const { counted } = (await page.evaluate("({ counted })")) as { counted: { most: number } };
    assert.equal(counted.most, 6);

    // On a small screen only what is in sight is asked.
    await using small = await visitor("/environments/shop", { viewport: { width: 1280, height: 700 } });
    let asked = 0;
    small.page.on("request", (request) => {
      if (request.url().endsWith("/query_range")) asked += 1;
    });
    await small.page.goto(demo.url + pathOf("many"));
    await panel(small.page, "Panel 0").locator("canvas").waitFor();
    await small.page.waitForLoadState("networkidle");
    assert.ok(asked > 0 && asked < 50, `${asked} were asked`);
    const before = asked;
    await panel(small.page, "Panel 49").scrollIntoViewIfNeeded();
    await panel(small.page, "Panel 49").locator("canvas").waitFor();
    assert.ok(asked > before);
    assert.deepEqual(opened.faults, []);
  });

  test("is edited, undone, saved, and stands in its history", { timeout }, async () => {
    await put("edited", front());
    await using opened = await visitor(pathOf("edited"));
    const { page } = opened;
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("button", { name: "Remove: Times" }).click();
    await panel(page, "Times").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await panel(page, "Times").waitFor();
    await page.getByRole("button", { name: "Add panel" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Title", { exact: true }).fill("Uptime");
    await dialog.getByRole("textbox", { name: "Query 1", exact: true }).click();
    await page.keyboard.type("time() - node_boot_time_seconds");
    await dialog.getByLabel("Kind", { exact: true }).first().selectOption("stat");
    await dialog.getByLabel("Unit", { exact: true }).selectOption("duration");
    await dialog.getByRole("button", { name: "Take over" }).last().click();
    await panel(page, "Uptime").scrollIntoViewIfNeeded();
    await panel(page, "Uptime").getByText(/d$/).first().waitFor();
    // By keyboard: above what was over it, and wider.
    const move = page.getByRole("button", { name: /^Move Uptime/ });
    await move.press("ArrowUp");
    await page.getByRole("button", { name: /^Size of Uptime/ }).press("ArrowRight");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    const saved = await demo.insight.dashboards.get({ environment: "shop", name: "edited" });
    const uptime = saved.dashboard.panels.find(({ title }) => title === "Uptime");
    assert.deepEqual(
      [uptime?.kind, uptime?.unit, uptime?.width, uptime?.queries],
      ["stat", "duration", 7, [{ expr: "time() - node_boot_time_seconds" }]],
    );
    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("button", { name: "Bring back" }).nth(1).click();
    await panel(page, "Uptime").waitFor({ state: "detached" });
    assert.deepEqual(opened.faults, []);
  });

  test("what the configuration says meanwhile is shown beside the edit, and nothing is lost", {
    timeout,
  }, async () => {
    const key = { environment: "shop", name: "both" };
    await demo.insight.dashboards.declare(key, front({ title: "Declared" }), "user:ci");
    await put("both", front({ title: "Mine" }));
    await using opened = await visitor(pathOf("both"));
    const { page } = opened;
    await page.getByText("differs from the configuration").waitFor();
    await demo.insight.dashboards.declare(key, front({ title: "Declared anew" }), "user:ci");
    await page.reload();
    await page.getByText("Both are kept").waitFor();
    await page.getByRole("button", { name: "See what is declared" }).click();
    await page.getByRole("heading", { level: 1, name: "Declared anew" }).waitFor();
    await page.getByRole("button", { name: "See what was edited" }).click();
    await page.getByRole("heading", { level: 1, name: "Mine" }).waitFor();
    await page.getByRole("button", { name: "Export" }).last().click();
    await page.getByText('dashboard("both", {').waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Keep mine" }).click();
    await page.getByText("differs from the configuration").waitFor();
    await page.getByRole("button", { name: "Take what is declared" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take what is declared" }).click();
    await page.getByRole("heading", { level: 1, name: "Declared anew" }).waitFor();
    // Somebody else was faster: that is said, and nothing is overwritten.
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("button", { name: "Add row" }).click();
    await put("both", front({ title: "Theirs" }));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/was changed meanwhile by user:ada/).waitFor();
    await page.getByRole("button", { name: "Load theirs" }).click();
    await page.getByRole("heading", { level: 1, name: "Theirs" }).waitFor();
    // A refused save is what the browser itself complains of.
    assert.deepEqual(
      opened.faults.filter((fault) => !/409/.test(fault)),
      [],
    );
  });

  test("a dashboard of Grafana is imported with what could not be carried over", { timeout }, async () => {
    await using opened = await visitor("/environments/shop/dashboards", { locale: "nb-NO" });
    const { page } = opened;
    await page.getByRole("button", { name: "Importer fra Grafana" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("input[type=file]").setInputFiles({
      ...{ name: "hosts.json", mimeType: "application/json" },
      buffer: await readFile(hostsJson),
    });
    await dialog.getByText(/2 panels use the plugin geomap/).waitFor();
    await dialog.getByRole("button", { name: "Importer", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Hosts, closely" }).waitFor();
    await panel(page, "Up since").getByText(/d$/).first().waitFor();
    await panel(page, "Traffic of web-1:9100").waitFor();
    await page.getByRole("button", { name: /Repeated row of db-1:9100/ }).click();
    await panel(page, "Processor").locator("canvas").waitFor();
    assert.deepEqual(opened.faults, []);
  });

  test("is made from nothing", { timeout }, async () => {
    await using opened = await visitor("/environments/shop/dashboards");
    const { page } = opened;
    await page.getByRole("button", { name: "New dashboard" }).click();
    await page.getByRole("dialog").getByLabel("Title").fill("On call, nights");
    await page.keyboard.press("Enter");
    await page.waitForURL(/dashboards\/on-call-nights/);
    await page.getByRole("toolbar", { name: "Edit" }).waitFor();
    assert.deepEqual(opened.faults, []);
  });

  test("fits a phone, reads well in light and dark", { timeout }, async () => {
    await put("front", front());
    await using opened = await visitor(pathOf("front"), { viewport: { width: 390, height: 844 } });
    const { page } = opened;
    await panel(page, "Load").getByText("web-2").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      assert.deepEqual(await contrastFaults(page), [], colorScheme);
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "too wide");
    await panel(page, "Processor").scrollIntoViewIfNeeded();
    await panel(page, "Processor").locator("canvas").waitFor();
    await panel(page, "Processor").getByRole("button", { name: "View larger: Processor" }).click();
    await page.waitForURL(/panel=4/);
    await page.getByRole("button", { name: "← Back to the dashboard" }).click();
    await panel(page, "Free").waitFor();
    assert.deepEqual(opened.faults, []);
  });
});

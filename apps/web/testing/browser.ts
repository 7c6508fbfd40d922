import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** For what hangs, not a measure: a loaded computer takes its time over a click. */
const longestMs = 120_000;
/** Debian's Chromium, or the one named by CHROMIUM. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    timeout: longestMs,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A fresh visitor; what the page itself complains about ends up in `faults`. */
export async function openVisitor(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    ...options,
  });
  context.setDefaultTimeout(longestMs);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** Opens a one-time link and presses its button. */
export async function signIn(page: Page, link: string): Promise<void> {
  const button = page.getByRole("button", { name: /Havn/ });
  // A page that stays blank was seen on a loaded computer, rarely: it is shown and opened anew. Only the button uses the
  // link up.
  for (let tries = 0; tries < 3; tries++) {
    await page.goto(link);
    const came = await button.waitFor({ timeout: 30_000 }).then(
      () => true,
      () => false,
    );
    if (came) break;
    const blank = await page.locator("html").innerHTML({ timeout: 5_000 }).catch(String);
    console.warn(`No button to sign in at ${page.url()}: ${blank}`);
    await page.goto("about:blank");
  }
  await button.click();
  await page.locator("main#main").waitFor();
}

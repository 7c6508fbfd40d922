import { existsSync } from "node:fs";
import type { ProbeOf } from "@havn/model";
import { type Measure, seconds } from "../measure.ts";
import { type Attempt, describeFailure } from "../probe.ts";
import { openBrowser } from "./devtools.ts";
import { openPage, type Page } from "./page.ts";

const programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A way through pages in a real browser: each step waits until it can be done. A new browser, without a past, each time. */
export async function probeBrowser(probe: ProbeOf<"browser">, signal: AbortSignal): Promise<Attempt> {
  const program = probe.program ?? programs.find((path) => existsSync(path));
  if (program === undefined)
    return { state: "unknown", output: "there is no Chromium here. Debian has it in chromium." };
  const browser = await openBrowser({ program, insecure: probe.insecure === true, signal });
  const measures: Measure[] = [];
  try {
    const page = await openPage(browser, signal);
    const steps: ProbeOf<"browser">["steps"] = [{ open: probe.url }, ...probe.steps];
    const beganAll = performance.now();
    for (const [at, step] of steps.entries()) {
      const began = performance.now();
      try {
        await take(page, step);
      } catch (cause) {
        const why = signal.aborted ? "it did not come within the timeout" : describeFailure(cause);
        const errors = page.errors().slice(0, 20).join("\n");
        return {
          state: "critical",
          output: `step ${at + 1} of ${steps.length} (${wordsOf(step)}) failed: ${why}`,
          ...(errors && { long: errors }),
          measures,
        };
      }
      measures.push(seconds(`step_${at + 1}`, performance.now() - began));
    }
    measures.unshift(seconds("time", performance.now() - beganAll));
    return { state: "ok", output: `${steps.length} steps, at ${await page.title()}`, measures };
  } finally {
    await browser.close();
  }
}

type Step = ProbeOf<"browser">["steps"][number];

function take(page: Page, step: Step): Promise<void> {
  if ("open" in step) return page.open(step.open);
  if ("click" in step) return page.click(step.click);
  if ("fill" in step) return page.fill(step.fill, step.with);
  if ("press" in step) return page.press(step.press);
  if ("see" in step) return page.wait(step.see, true);
  if ("gone" in step) return page.wait(step.gone, false);
  if ("title" in step) return page.waitText("document.title", step.title);
  return page.waitText("location.href", step.at);
}

/** Without what is filled in: it may be a password. */
const wordsOf = (step: Step): string => {
  const [[word, value] = ["", ""]] = Object.entries(step);
  return `${word} ${value}`;
};

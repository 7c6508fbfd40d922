import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "./devtools.ts";

/** One page, as a person uses it. Selectors are CSS, or `text=…` for what is read. Everything waits until it can be done. */
export interface Page {
  open(url: string): Promise<void>;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  /** A key by its name: Enter, Tab, a. */
  press(key: string): Promise<void>;
  /** Until it can be seen, or cannot. */
  wait(selector: string, visible: boolean): Promise<void>;
  /** Until what `expression` gives contains `text`. */
  waitText(expression: string, text: string): Promise<void>;
  title(): Promise<string>;
  /** What the page complained of itself. */
  errors(): string[];
}

const lookEveryMs = 50;

/** In the page: the first element that fits and can be seen, and where its middle is. */
const findVisible = String.raw`(selector) => {
  const isVisible = (one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(one).visibility !== "hidden";
  };
  const byText = (text) => {
    const fits = [...document.querySelectorAll("body *")].filter(
      (one) => !["SCRIPT", "STYLE"].includes(one.tagName) &&
        ((one.innerText ?? "").includes(text) || (one.tagName === "INPUT" && one.value.includes(text))) && isVisible(one));
    return fits.find((one) => !fits.some((other) => other !== one && one.contains(other)));
  };
  const found = selector.startsWith("text=")
    ? byText(selector.slice(5))
    : [...document.querySelectorAll(selector)].find(isVisible);
  if (!found) return null;
  found.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = found.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = document.elementFromPoint(x, y);
  return { x, y, free: top !== null && (top === found || found.contains(top) || top.contains(found)) };
}`;

const fillIn = String.raw`(selector, text) => {
  const field = document.querySelector(selector);
  if (!field || field.disabled) return null;
  field.focus();
  const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value");
  own ? own.set.call(field, text) : (field.textContent = text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}`;

export async function openPage(browser: Browser, signal: AbortSignal): Promise<Page> {
  const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method: string, params?: object) => browser.send(method, params, String(sessionId));
  const errors: string[] = [];
  let loads = 0;
  browser.onEvent(({ method, params }) => {
    if (method === "Page.loadEventFired") loads++;
    if (method === "Runtime.exceptionThrown") {
      const details = params["exceptionDetails"] as { text?: string; exception?: { description?: string } };
      errors.push(details?.exception?.description ?? details?.text ?? "an exception");
    }
  });
  await Promise.all([send("Page.enable"), send("Runtime.enable")]);

  async function evaluate(source: string, ...values: unknown[]): Promise<unknown> {
    const given = values.map((value) => JSON.stringify(value)).join(", ");
    const answer = await send("Runtime.evaluate", {
      expression: `(${source})(${given})`,
      returnByValue: true,
    });
    const { exceptionDetails } = answer as { exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? "the page threw");
    return (answer["result"] as { value?: unknown }).value;
  }

  /** Looks again and again: while a page is being changed for another, nothing can be asked. */
  async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
    let last: unknown;
    while (!signal.aborted) {
      try {
        const found = await look();
        if (found !== undefined) return found;
      } catch (cause) {
        if (cause instanceof Error && /SyntaxError|not a valid selector/.test(cause.message)) throw cause;
        last = cause;
      }
      await sleep(lookEveryMs);
    }
    throw last ?? new Error("no answer within the timeout");
  }

  return {
    async open(url) {
      const before = loads;
      const { errorText } = await send("Page.navigate", { url });
      if (typeof errorText === "string") throw new Error(errorText);
      await until(async () => (loads > before ? true : undefined));
    },
    async click(selector) {
      const { x, y } = await until(async () => {
        const found = (await evaluate(findVisible, selector)) as {
          x: number;
          y: number;
          free: boolean;
        } | null;
        return found?.free ? found : undefined;
      });
      const mouse = { x, y, button: "left", clickCount: 1 };
      await send("Input.dispatchMouseEvent", { ...mouse, type: "mousePressed" });
      await send("Input.dispatchMouseEvent", { ...mouse, type: "mouseReleased" });
    },
    async fill(selector, text) {
      await until(async () => (await evaluate(fillIn, selector, text)) ?? undefined);
    },
    async press(key) {
      const code = key === "Enter" ? 13 : key === "Tab" ? 9 : key === "Escape" ? 27 : key.charCodeAt(0);
      const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
      const event = { key, windowsVirtualKeyCode: code, ...(text !== undefined && { text }) };
      await send("Input.dispatchKeyEvent", { ...event, type: text === undefined ? "rawKeyDown" : "keyDown" });
      await send("Input.dispatchKeyEvent", { key, windowsVirtualKeyCode: code, type: "keyUp" });
    },
    async wait(selector, visible) {
      await until(async () =>
        ((await evaluate(findVisible, selector)) !== null) === visible ? true : undefined,
      );
    },
    async waitText(expression, text) {
      await until(async () =>
        String(await evaluate(`() => ${expression}`)).includes(text) ? true : undefined,
      );
    },
    title: async () => String(await evaluate("() => document.title")),
    errors: () => errors,
  };
}

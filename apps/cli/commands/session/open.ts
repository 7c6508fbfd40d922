import { spawn } from "node:child_process";
import { connect } from "../../api/connect.ts";
import { signInLink } from "../../api/schemas.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "open",
  summary: "open the page in the browser, signed in",
  group: "Access",
  access: ["sign-in-link:create"],
  examples: [["havn open", "where there is no browser, it prints the link"]],
  async run({ globals, io, signal }) {
    const { url } = await (await connect(globals, signal)).post("/api/v1/sign-in-links", signInLink, {
      body: {},
      signal,
    });
    if (await openBrowser(url, globals.environment)) io.tell("Opened in the browser.");
    else io.out(url);
    return undefined;
  },
});

/** Resolves to false where there is no desktop, or no program that opens links. */
function openBrowser(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const mac = process.platform === "darwin";
  if (!mac && !environment.DISPLAY && !environment.WAYLAND_DISPLAY) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(mac ? "open" : "xdg-open", [url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
    child.unref();
  });
}

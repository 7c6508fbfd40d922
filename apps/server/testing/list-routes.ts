import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";

/**
 * Loaded before the server (`--import`): writes every route that its HTTP server takes to the file HAVN_ROUTES_FILE,
 * `METHOD path` a line, whoever added it.
 */
interface HookableServer {
  addHook(name: "onRoute", hook: (route: { method: string | string[]; url: string }) => void): void;
  addHook(name: "onListen", hook: () => Promise<void>): void;
}

subscribe("fastify.initialization", (message) => {
  const { fastify } = message as { fastify: HookableServer };
  const routes = new Set<string>();
  fastify.addHook("onRoute", ({ method, url }) => {
    for (const each of [method].flat()) routes.add(`${each} ${url}`);
  });
  fastify.addHook("onListen", async () =>
    writeFileSync(process.env["HAVN_ROUTES_FILE"] ?? "/dev/null", [...routes].join("\n")),
  );
});

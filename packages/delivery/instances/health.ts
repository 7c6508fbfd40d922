import { Agent, request } from "node:http";
import type { InstanceSpec } from "@havn/fleet/protocol";
import { parseDuration } from "@havn/model";

export type ProbeResult = { ok: true } | { ok: false; detail: string };

/** Asks an instance for its health path over one kept connection. 2xx and 3xx are healthy. */
export function createProbe({ port, health, env }: InstanceSpec): {
  ask(): Promise<ProbeResult>;
  close(): void;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const timeout = parseDuration(health.timeout);
  const host = env.HOST && !["0.0.0.0", "::", "localhost"].includes(env.HOST) ? env.HOST : "127.0.0.1";
  const once = () =>
    new Promise<ProbeResult & { stale?: boolean }>((resolve) => {
      const probe = request(
        { host, port, path: health.path, agent, headers: { "user-agent": "havn-agent" } },
        (response) => {
          response.resume();
          const code = response.statusCode ?? 0;
          const ok = code >= 200 && code < 400;
          resolve(ok ? { ok } : { ok, detail: `${health.path} answers ${code}` });
        },
      );
      // The whole probe is bounded, not only the time without a byte.
      const timer = setTimeout(() => probe.destroy(new Error("timeout")), timeout);
      probe.on("close", () => clearTimeout(timer));
      probe.on("error", (error: NodeJS.ErrnoException) => {
        const stale = probe.reusedSocket && error.code === "ECONNRESET";
        resolve({
          ok: false,
          detail: describe(error, { port, path: health.path, timeout: health.timeout }),
          stale,
        });
      });
      probe.end();
    });
  return {
    async ask() {
      // Node refuses a path or an address that it cannot even ask.
      const result = await once().catch((error: Error) => ({ ok: false as const, detail: error.message }));
      // The instance closed the idle connection just when it was used again: that says nothing about its health.
      return "stale" in result && result.stale ? await once() : result;
    },
    close: () => agent.destroy(),
  };
}

function describe(
  error: NodeJS.ErrnoException,
  { port, path, timeout }: { port: number; path: string; timeout: string },
): string {
  if (error.message === "timeout") return `${path} does not answer within ${timeout}`;
  if (error.code === "ECONNREFUSED") return `nothing listens on port ${port}`;
  return `${path} fails: ${error.code ?? error.message}`;
}

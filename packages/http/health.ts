import { z } from "zod";
import { defineRoute, type Route } from "./route.ts";

/** Each part tells its own truth; one that throws or takes over two seconds is down. */
export type Parts = Record<string, () => Promise<{ ok: boolean; detail: string }>>;

const partTimeoutMs = 2000;

export const readinessSchema = z.object({
  status: z.enum(["ok", "down"]),
  parts: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })),
});

export function healthRoutes(parts: Parts): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/healthz",
      summary: "Whether the process lives",
      access: {
        public: "supervisors and balancers ask without an identity; tells only that the process lives",
      },
      response: readinessSchema,
      handle: () => ({ status: "ok" as const, parts: {} }),
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      summary: "Whether every part works; 503 when one does not",
      access: { public: "supervisors and balancers ask without an identity; names parts, no data" },
      response: readinessSchema,
      handle: async ({ reply }) => {
        const entries = await Promise.all(
          Object.entries(parts).map(async ([name, ask]) => [name, await answerOf(ask)] as const),
        );
        const ok = entries.every(([, part]) => part.ok);
        if (!ok) reply.status(503);
        return { status: ok ? ("ok" as const) : ("down" as const), parts: Object.fromEntries(entries) };
      },
    }),
  ];
}

async function answerOf(ask: Parts[string]): Promise<{ ok: boolean; detail: string }> {
  const { promise: late, resolve } = Promise.withResolvers<{ ok: boolean; detail: string }>();
  const timer = setTimeout(
    () => resolve({ ok: false, detail: `no answer within ${partTimeoutMs} ms` }),
    partTimeoutMs,
  );
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return { ok: false, detail: "asking it failed; the server's log may say why" };
  } finally {
    clearTimeout(timer);
  }
}

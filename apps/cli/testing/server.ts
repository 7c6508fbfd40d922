import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  type Apply,
  applySchema,
  type Plan,
  planSchema,
  type ResourceGraph,
  resourceGraphSchema,
} from "@havn/model";
import { WebSocketServer } from "ws";
import { z } from "zod";

const planRequest = z.union([
  z.object({ graph: resourceGraphSchema, resume: z.boolean().optional() }),
  z.object({ destroy: z.string() }),
]);

/** A control plane of the size that the command line's client needs: plans, artifacts, applies, all in memory. */
export interface SmallServer extends AsyncDisposable {
  readonly url: string;
  readonly uploads: Map<string, number>;
  readonly applies: Apply[];
  /** Goes away as a killed server does, and comes back on the same port. */
  restart(awayMs: number): Promise<void>;
}

export interface SmallServerOptions {
  token: string;
  /** How an apply goes on each time it is looked at. */
  advance(apply: Apply): Apply;
  /** In how many looks at the list of applies somebody else's is at work on the same. Default: 0. */
  busyLooks?: number;
}

export async function openSmallServer({
  token,
  advance,
  busyLooks = 0,
}: SmallServerOptions): Promise<SmallServer> {
  let looksLeft = busyLooks;
  const uploads = new Map<string, number>();
  const plans = new Map<string, Plan>();
  const applies: Apply[] = [];
  const sockets = new Set<Socket>();

  function answer(method: string, path: string, body: Buffer): [status: number, value: unknown] {
    const json = () => JSON.parse(body.toString("utf8")) as unknown;
    if (method === "POST" && path === "/api/v1/plans") {
      const plan = planOf(planRequest.parse(json()), `plan-${plans.size + 1}`, uploads);
      plans.set(plan.id, plan);
      return [200, plan];
    }
    if (method === "PUT" && path.startsWith("/api/v1/artifacts/")) {
      const digest = path.slice("/api/v1/artifacts/".length);
      uploads.set(digest, body.length);
      return [200, { digest, size: body.length }];
    }
    if (method === "POST" && path === "/api/v1/applies") {
      const { planId } = z.object({ planId: z.string() }).parse(json());
      if (looksLeft > 0)
        return [409, problem("Apply apply-other of user:kari is at work on what this plan needs")];
      applies.push(applyOf(plans.get(planId), `apply-${applies.length + 1}`));
      return [202, applies.at(-1)];
    }
    if (method === "GET" && path === "/api/v1/applies") {
      const other = applyOf(plans.get("plan-1"), "apply-other");
      return [200, { applies: looksLeft-- > 0 ? [other] : [{ ...other, state: "succeeded" }] }];
    }
    if (method === "GET" && path.startsWith("/api/v1/applies/")) {
      const index = applies.findIndex(({ id }) => path.endsWith(`/${id}`));
      const apply = applies[index];
      if (!apply) return [404, problem("There is no such apply")];
      applies[index] = applySchema.parse(advance(apply));
      return [200, applies[index]];
    }
    if (method === "GET" && path === "/api/v1/environments") return [200, { environments: [] }];
    return [404, problem(`There is nothing at ${path}`)];
  }

  let server = await listen(0);
  const { port } = server.address() as AddressInfo;

  async function listen(at: number): Promise<Server> {
    const made = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const allowed = request.headers.authorization === `Bearer ${token}`;
        const [status, value] = allowed
          ? answer(request.method ?? "", (request.url ?? "").split("?")[0] ?? "", Buffer.concat(chunks))
          : [401, problem("The token is not known")];
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      });
    });
    new WebSocketServer({ server: made, path: "/api/v1/live" });
    made.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => made.listen(at, "127.0.0.1", resolve));
    return made;
  }

  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  return {
    url: `http://127.0.0.1:${port}`,
    uploads,
    applies,
    async restart(awayMs) {
      await close();
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      server = await listen(port);
    },
    [Symbol.asyncDispose]: close,
  };
}

const problem = (summary: string) => ({
  error: { summary, detail: "Correct it.", retryable: false, diagnostics: [] },
});

function planOf(
  request: z.infer<typeof planRequest>,
  id: string,
  uploads: ReadonlyMap<string, number>,
): Plan {
  const graph: ResourceGraph =
    "graph" in request ? request.graph : { version: 1, environment: request.destroy, resources: [] };
  const digests = graph.resources
    .filter(({ type }) => type === "service")
    .map(({ properties }) => (properties.source as { digest: string }).digest);
  const changes = graph.resources.map(({ address, type }) => ({
    address,
    type,
    action: "create" as const,
    changes: [],
  }));
  const hosts = graph.resources.filter(({ type }) => type === "host").map(({ name }) => name);
  return planSchema.parse({
    id,
    ...(graph.rollouts && { batches: [hosts] }),
    ...("resume" in request && request.resume && { resumes: "apply-before" }),
    environment: graph.environment,
    createdAt: 0,
    changes,
    summary: { create: changes.length, update: 0, replace: 0, delete: 0, "no-op": 0 },
    diagnostics: [],
    missingArtifacts: digests.filter((digest) => !uploads.has(digest)),
  });
}

function applyOf(plan: Plan | undefined, id: string): Apply {
  const steps = plan?.changes.map(({ address, action }) => ({ address, action, state: "waiting" }));
  return applySchema.parse({
    id,
    environment: plan?.environment,
    kind: "apply",
    planId: plan?.id,
    state: "running",
    actor: "user:admin",
    startedAt: 0,
    ...(plan?.batches && { batches: plan.batches.map((hosts) => ({ hosts, state: "waiting" })) }),
    steps,
  });
}

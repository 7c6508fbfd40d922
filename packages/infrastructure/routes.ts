import { defineRoute, type Identity, type Route } from "@havn/http";
import {
  applySchema,
  dnsLabel,
  gatheredFactSchema,
  HavnError,
  inventoryItem,
  inventoryKind,
  inventoryKinds,
  inventoryNote,
  planSchema,
  resourceGraphSchema,
} from "@havn/model";
import { z } from "zod";
import { driftSchema } from "./drift.ts";
import { fingerprintSchema } from "./fingerprints.ts";
import type { Infrastructure } from "./index.ts";
import { revertRoutes } from "./reverts/routes.ts";

const planRequest = z.union([
  z.strictObject({
    graph: resourceGraphSchema,
    only: z.array(z.string()).optional().describe("addresses or types: the rest stays as it is"),
    hosts: z
      .array(z.string())
      .optional()
      .describe("expressions that choose hosts: what is on them, and they themselves"),
    targets: z.array(z.string()).optional().describe("addresses, types, or patterns with *"),
    exclude: z.array(z.string()).optional().describe("as targets: what is left out"),
    resume: z
      .boolean()
      .optional()
      .describe("go on with the last apply, which failed: what it did with every run is not done again"),
  }),
  z.strictObject({ destroy: dnsLabel.describe("environment of which nothing shall be left") }),
]);

const environmentParams = z.object({ environment: dnsLabel });
const hostParams = environmentParams.extend({ host: dnsLabel });

/** Tens of thousands of resources with their files' contents. */
const largestGraph = 64 * 1024 * 1024;

const unmanagedSchema = z.object({
  items: z.array(inventoryItem.pick({ kind: true, type: true, name: true })),
  notes: z.array(inventoryNote),
});
const adoptionSchema = unmanagedSchema.extend({
  text: z.string().describe("the module"),
  name: z.string().describe("of the function in it"),
  files: z
    .array(z.object({ path: z.string(), content: z.string(), encoding: z.enum(["utf8", "base64"]) }))
    .describe("what stands beside it"),
  secrets: z.array(z.object({ name: z.string(), of: z.string() })).describe("what the store keeps now"),
});

/** Throws a HavnError (400) for a kind that there is not. */
function parsedChoice({ only, ignore }: { only?: string | undefined; ignore?: string | undefined }) {
  const kinds = only?.split(",").map((kind) => {
    const parsed = inventoryKind.safeParse(kind.trim());
    if (parsed.success) return parsed.data;
    throw new HavnError(`There is no kind "${kind}"`, {
      detail: `Choose among ${inventoryKinds.join(", ")}.`,
      status: 400,
    });
  });
  return { only: kinds, ignore: ignore?.split(",").map((one) => one.trim()) };
}

type Rooms = Pick<
  Infrastructure,
  "plans" | "applies" | "reverts" | "graph" | "drift" | "fingerprints" | "facts" | "unmanaged" | "adopt"
>;

/** `decide` is asked once more for what only the body tells: destroying an environment is more than applying to it. */
export function infrastructureRoutes(
  { plans, applies, reverts, graph, drift, fingerprints, facts, unmanaged, adopt }: Rooms,
  { decide }: { decide(identity: Identity, action: string, resource: string): boolean | Promise<boolean> },
): Route[] {
  async function refuseDestroy(identity: Identity, environment: string): Promise<void> {
    if (await decide(identity, "environment:destroy", environment)) return;
    throw new HavnError(`You may not destroy "${environment}"`, {
      detail: `It needs the role admin; ${identity.actor} has ${identity.role}.`,
      status: 403,
    });
  }
  return [
    ...revertRoutes(reverts),
    defineRoute({
      method: "POST",
      path: "/api/v1/plans",
      summary: "Compare a declared environment with what is there, or plan to destroy it",
      access: {
        action: "plan:create",
        subject: ({ body }) => ("destroy" in body ? body.destroy : body.graph.environment),
      },
      body: planRequest,
      bodyLimit: largestGraph,
      response: planSchema,
      handle: ({ body }) => plans.create(body),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/plans/:id",
      summary: "A stored plan",
      access: { action: "plan:read", resource: ({ params }) => params.id },
      params: z.object({ id: z.string() }),
      response: planSchema,
      handle: ({ params }) => plans.get(params.id),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/applies",
      summary: "Apply a stored plan exactly as it stands",
      access: { action: "apply:create", subject: ({ body }) => body.planId },
      body: z.strictObject({ planId: z.string(), kind: z.enum(["apply", "deploy"]).optional() }),
      response: applySchema,
      status: 202,
      async handle({ body, identity }) {
        const destroyed = await plans.destroys(body.planId);
        if (destroyed !== undefined) await refuseDestroy(identity, destroyed);
        return applies.start(body.planId, { actor: identity.actor, kind: body.kind });
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/applies/:id",
      summary: "An apply and how far each of its changes is",
      access: { action: "apply:read", resource: ({ params }) => params.id },
      params: z.object({ id: z.string() }),
      response: applySchema,
      handle: ({ params }) => applies.get(params.id),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/applies",
      summary: "The latest applies, newest first",
      access: { action: "apply:read", resource: ({ query }) => query.environment ?? "" },
      query: z.strictObject({
        environment: dnsLabel.optional(),
        steps: z
          .stringbool()
          .default(true)
          .describe("false: how many steps are in each state, instead of each"),
      }),
      response: z.object({ applies: z.array(applySchema) }),
      handle: async ({ query }) => ({ applies: await applies.list(query) }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/graph",
      summary: "The environment as it was applied last",
      access: { action: "environment:read", resource: ({ params }) => params.environment },
      params: environmentParams,
      response: resourceGraphSchema,
      handle: ({ params }) => graph(params.environment),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/secret-fingerprints",
      summary: "What tells whether secrets of environments are equal, and nothing else of them",
      access: { action: "environment:read", resource: ({ params }) => params.environment },
      params: environmentParams,
      response: z.object({ fingerprints: z.array(fingerprintSchema) }),
      handle: async ({ params }) => ({ fingerprints: await fingerprints(params.environment) }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/drift",
      summary: "What on the hosts is not as it was applied last",
      access: { action: "environment:read", resource: ({ params }) => params.environment },
      params: environmentParams,
      query: z.strictObject({ refresh: z.stringbool().default(false).describe("read the hosts now") }),
      response: driftSchema,
      handle: ({ params, query }) => drift(params.environment, { refresh: query.refresh }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/hosts/:host/facts",
      summary: "What a host tells of itself now",
      access: { action: "host:read", resource: ({ params }) => `${params.environment}/host/${params.host}` },
      params: hostParams,
      query: z.strictObject({
        name: z
          .string()
          .max(2000)
          .optional()
          .describe('facts or ways inside them, parted by commas: "os.codename"'),
      }),
      response: z.object({ facts: z.array(gatheredFactSchema) }),
      handle: async ({ params, query }) => ({
        facts: await facts({ ...params, names: query.name?.split(",") }),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/hosts/:host/unmanaged",
      summary: "What is on a host that its distribution did not put there and nobody declares",
      access: { action: "host:read", resource: ({ params }) => `${params.environment}/host/${params.host}` },
      params: hostParams,
      query: z.strictObject({
        only: z
          .string()
          .max(1000)
          .optional()
          .describe(`kinds, parted by commas: ${inventoryKinds.join(", ")}`),
        ignore: z.string().max(4000).optional().describe("kinds, or names in which a * stands for anything"),
      }),
      response: unmanagedSchema,
      handle: ({ params, query }) => unmanaged({ ...params, ...parsedChoice(query) }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/environments/:environment/hosts/:host/adoption",
      summary: "Write the TypeScript that declares it as it is, and keep what is secret in the store",
      access: { action: "host:adopt", resource: ({ params }) => `${params.environment}/host/${params.host}` },
      params: hostParams,
      body: z.strictObject({
        only: z.array(inventoryKind).optional(),
        ignore: z.array(z.string()).max(500).optional(),
      }),
      response: adoptionSchema,
      handle: ({ params, body, identity }) => adopt({ ...params, ...body, actor: identity.actor }),
    }),
  ];
}

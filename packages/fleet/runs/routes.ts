import { defineRoute, RawResponse, type Route } from "@havn/http";
import { dnsLabel, runSchema, runTaskSchema } from "@havn/model";
import { z } from "zod";
import type { Runs } from "./runs.ts";

// Who may not is refused before the name is looked at: any name that could be one will do here.
const runParams = z.object({ id: z.string().regex(/^[\w-]{1,64}$/) });

const newRun = z.union([
  z.strictObject({
    task: runTaskSchema,
    hosts: z.string().max(10_000).describe("which, as chooseHosts reads it"),
    environment: dnsLabel.optional(),
    concurrency: z.number().int().min(1).max(1000).default(50),
  }),
  z.strictObject({
    again: z.uuid().describe("a run to repeat on the same hosts"),
    failedOnly: z.boolean().default(false),
  }),
]);

/** 1 TiB: what a disk holds is the true bound. */
const largestInput = 2 ** 40;

export function runRoutes(runs: Runs): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/runs",
      summary: "Choose hosts for a command or a copy; it waits to be started",
      access: { action: "run:create", subject: ({ body }) => ("again" in body ? body.again : body.hosts) },
      body: newRun,
      response: runSchema,
      status: 201,
      handle: ({ body, identity: { actor } }) =>
        "again" in body
          ? runs.again(body.again, { failedOnly: body.failedOnly, actor })
          : runs.create({ ...body, environment: body.environment, actor }),
    }),
    defineRoute({
      method: "PUT",
      path: "/api/v1/runs/:id/input",
      summary: "Standard input of a run, or what it copies, before it starts",
      access: { action: "run:create", resource: ({ params }) => params.id },
      params: runParams,
      response: z.object({ bytes: z.number().int() }),
      consumes: "stream",
      bodyLimit: largestInput,
      handle: ({ params, raw, signal }) => runs.input(params.id, raw, signal),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/runs/:id/start",
      summary:
        'Start a run; the answer is one JSON object a line until it ends, and who hangs up stops it. What is copied stands as it is, without encoding, behind a line of the kind "content", which tells how many bytes',
      access: { action: "run:create", resource: ({ params }) => params.id },
      params: runParams,
      response: z.unknown(),
      handle: async ({ params, signal }) =>
        new RawResponse(await runs.start(params.id, signal), {
          "content-type": "application/vnd.havn.run",
          "cache-control": "no-store",
        }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runs",
      summary: "The latest runs, newest first, without what they wrote",
      access: { action: "run:read", resource: ({ query }) => query.environment ?? "" },
      query: z.strictObject({
        environment: dnsLabel.optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(50),
      }),
      response: z.object({ runs: z.array(runSchema) }),
      handle: async ({ query }) => ({
        runs: await runs.list({ environment: query.environment, limit: query.limit }),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runs/:id",
      summary: "A run with what it wrote on each host",
      // What root may read on a host is not for everyone who may look at its status.
      access: { action: "run:show", resource: ({ params }) => params.id },
      params: runParams,
      response: runSchema,
      handle: ({ params }) => runs.get(params.id, { output: true }),
    }),
  ];
}

import { defineRoute, type Route } from "@havn/http";
import { planSchema } from "@havn/model";
import { z } from "zod";
import type { Reverts } from "./reverts.ts";

const names = z.array(z.string().max(400)).max(10_000).optional();

const revertRequest = z.strictObject({
  applyId: z.string().max(200),
  hosts: names.describe(
    "expressions that choose hosts: only what is on them, they themselves and their machines",
  ),
  targets: names.describe(
    "only these: addresses, with or without the environment, types, or patterns with *",
  ),
  exclude: names.describe("not these; as targets"),
  force: names.describe("these although they have been changed since; as targets"),
});

export const revertRoutes = (reverts: Reverts): Route[] => [
  defineRoute({
    method: "POST",
    path: "/api/v1/reverts",
    summary: "Plan to take back what an apply did, from what was recorded before it",
    access: { action: "plan:create", subject: ({ body }) => body.applyId },
    body: revertRequest,
    response: planSchema,
    handle: ({ body }) => reverts.plan(body),
  }),
];

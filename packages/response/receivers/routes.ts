import { defineRoute, type Route } from "@havn/http";
import {
  type ReceiverView,
  receiverPreviewSchema,
  receiverProperties,
  receiverTestSchema,
  receiverViewSchema,
} from "@havn/model";
import { z } from "zod";
import type { Receivers } from "./receivers.ts";

const named = z.object({ environment: z.string(), name: z.string() });
const asked = z.strictObject({
  alert: z
    .string()
    .max(200)
    .optional()
    .describe("fingerprint of an alert; absent: the newest that a route tells it of, or an example"),
  template: receiverProperties.shape.template.describe("in place of the declared one"),
});

export const receiverRoutes = (receivers: Receivers): Route[] => [
  defineRoute({
    method: "GET",
    path: "/api/v1/receivers",
    summary:
      "Receivers: their channels, whom they would ask first now, and how they went when somebody tried them",
    access: { action: "receiver:read" },
    query: z.strictObject({ environment: z.string().optional() }),
    response: z.object({ receivers: z.array(receiverViewSchema) }),
    handle: async ({ query, identity }) => {
      const all = await receivers.list(query.environment);
      return { receivers: identity.role === "viewer" ? all.map(withoutNumbers) : all };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/v1/receivers/:environment/:name/preview",
    summary: "What a receiver would say of an alert, with its own template or another; nobody is told",
    access: {
      action: "receiver:read",
      resource: ({ params: { environment, name } }) => `${environment}/${name}`,
    },
    reads: true,
    params: named,
    body: asked,
    response: receiverPreviewSchema,
    handle: ({ params, body }) => receivers.preview({ ...params, ...body }),
  }),
  defineRoute({
    method: "POST",
    path: "/api/v1/receivers/:environment/:name/test",
    summary:
      "Sends a message that is marked as a test on each way of a receiver, once; answers with what came of it",
    access: {
      action: "receiver:test",
      resource: ({ params: { environment, name } }) => `${environment}/${name}`,
    },
    params: named,
    body: asked,
    response: receiverTestSchema,
    handle: ({ params, body, identity }) => receivers.test({ ...params, ...body }, identity.actor),
  }),
];

/** People's addresses and telephone numbers are for those who may do something with them. */
const withoutNumbers = (view: ReceiverView): ReceiverView => ({
  ...view,
  people: view.people.map((one) => ({ ...one, ways: one.ways.map(({ kind }) => ({ kind, to: "" })) })),
  tests: view.tests.map((test) => ({
    ...test,
    attempts: test.attempts.map((one) => (one.person === undefined ? one : { ...one, to: "", detail: "" })),
  })),
});

import { addressSchema, durationText, parseDuration } from "@havn/model";
import { z } from "zod";
import { isGuarded, triggersOf, undoOf, undoShape, unguarded, urlProperty } from "../running.ts";
import { textProperty } from "../text.ts";
import { type ResourceDefinition, type Trigger, unchanged } from "../type.ts";

export const httpSchema = z.strictObject({
  url: urlProperty.describe("http or https"),
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), textProperty).default({}),
  body: textProperty.optional().describe("what is sent"),
  status: z
    .array(z.number().int())
    .min(1)
    .default([200, 201, 202, 204])
    .describe("answers that mean success"),
  timeout: durationText.default("30s").describe("how long the other side may be silent"),
  unless: z
    .strictObject({
      url: urlProperty,
      status: z.number().int().default(200),
      contains: z.string().optional().describe("text that the answer holds"),
    })
    .optional()
    .describe("it is done where this URL answers so; it is asked with GET"),
  on: z.array(addressSchema).default([]).describe("it is to be done only after one of these has changed"),
  ...undoShape,
});
export type HttpProperties = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string | undefined;
  status: number[];
  timeout: string;
  unless?: { url: string; status: number; contains?: string | undefined } | undefined;
  on: string[];
  undo?: string[] | undefined;
};

/** `done`: the guard says so. */
export interface HttpObserved {
  done: boolean;
  pending: Trigger[];
}

const guardsOf = ({ unless, on }: HttpProperties) => ({ on, ...(unless && { unless: [unless.url] }) });

const http: ResourceDefinition<HttpProperties, HttpObserved> = {
  type: "http",
  schema: httpSchema,
  opaque: true,
  triggers: triggersOf,
  warnings: (properties) =>
    (properties.method ?? "GET") === "GET" || properties.method === "HEAD"
      ? []
      : unguarded(
          `Request ${properties.method} to ${typeof properties.url === "string" ? properties.url : "a URL"}`,
          guardsOf(properties),
        ).map((warning) => ({
          ...warning,
          detail: "Havn cannot tell whether it was done already. Give it a guard: unless, or on.",
        })),
  plan({ done, pending }, desired, wanted) {
    const { url, method, headers, body, status, timeout, on } = desired;
    if (wanted === "absent" || done || (on.length > 0 && pending.length === 0)) return unchanged;
    const settling = on.length > 0 ? { settles: on } : {};
    const request = { url, method, headers, body, status, timeoutMs: parseDuration(timeout) };
    return {
      action: "update",
      changes: [{ property: "sends", after: `${method} ${url.split("?")[0]}` }],
      operations: [{ kind: "request", ...request, ...settling, ...undoOf(desired) }],
      ...(!isGuarded(guardsOf(desired)) && { everyTime: true }),
    };
  },
};
export default http;

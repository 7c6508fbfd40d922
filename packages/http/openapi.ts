import { problemSchema } from "@havn/model";
import { z } from "zod";
import { defineRoute, isPublic, type Route } from "./route.ts";

type Json = Record<string, unknown>;

/** The API as an OpenAPI 3.1 document, made from the same schemas that check it. */
export function openapiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (route.path.includes("*")) continue;
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Havn", version, description: "Failures carry the schema `Problem`." },
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

export function openapiRoute(routes: readonly Route[], version: string): Route {
  let document: Json | undefined;
  return defineRoute({
    method: "GET",
    path: "/api/v1/openapi.json",
    summary: "This document",
    access: { public: "describes the API as its documentation does; holds no data" },
    response: z.record(z.string(), z.unknown()),
    handle: () => (document ??= openapiDocument(routes, version)),
  });
}

function operation(route: Route): Json {
  const access = isPublic(route.access)
    ? { security: [] }
    : { security: [{ token: [] }], "x-havn-action": route.access.action };
  const success = String(route.status ?? 200);
  const answer =
    success === "204"
      ? { description: "done" }
      : { description: route.summary, content: json(jsonSchema(route.response, "output")) };
  return {
    summary: route.summary,
    ...access,
    parameters: [...parameters(route, "path"), ...parameters(route, "query")],
    ...requestBody(route),
    responses: {
      [success]: answer,
      default: { description: "a failure", content: json({ $ref: "#/components/schemas/Problem" }) },
    },
  };
}

function parameters(route: Route, place: "path" | "query"): Json[] {
  const schema = place === "path" ? route.params : route.query;
  const { properties = {}, required = [] } = schema ? jsonSchema(schema, "input") : {};
  const declared = Object.entries(properties as Json).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (required as string[]).includes(name),
    schema: property,
  }));
  if (place === "query") return declared;
  const known = new Set(declared.map((parameter) => parameter.name));
  const missing = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "");
  return [
    ...declared,
    ...missing
      .filter((name) => !known.has(name))
      .map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
  ];
}

function requestBody(route: Route): Json {
  if (route.consumes === "stream")
    return { requestBody: { required: true, content: { "application/octet-stream": {} } } };
  if (!route.body) return {};
  const schema = jsonSchema(route.body, "input");
  const content =
    route.consumes === "form" ? { "application/x-www-form-urlencoded": { schema } } : json(schema);
  return { requestBody: { required: true, content } };
}

const json = (schema: Json): Json => ({ "application/json": { schema } });

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Json;
  return rest;
}

import { gzipSync } from "node:zlib";
import { defineRoute, RawResponse, type Route } from "@havn/http";
import { HavnError } from "@havn/model";
import { z } from "zod";
import type { BuiltWeb } from "./build.ts";

const contentTypes: Record<string, string> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** Paths that belong to the API: a mistake there is told as JSON, not answered with the page. */
const apiPath = /^(api|prometheus|healthz|readyz|assets)(\/|$)/;

/** Serves the page: assets for a year by their hashed names, the document anew each time, for every path of it. */
export function webRoutes(web: BuiltWeb): Route[] {
  const compressed = new Map<string, Uint8Array>();
  for (const [name, content] of web.assets)
    if (!name.endsWith(".woff2")) compressed.set(name, gzipSync(content, { level: 6 }));

  const assets = defineRoute({
    method: "GET",
    path: "/assets/:name",
    summary: "A file of the web page",
    access: { public: "code, styles and fonts of the page; they hold no data" },
    params: z.object({ name: z.string() }),
    response: z.never(),
    handle({ params, headers }) {
      const content = web.assets.get(params.name);
      if (!content) throw new HavnError(`The page has no file ${params.name}`, { status: 404 });
      const gzip = acceptsGzip(headers["accept-encoding"]) ? compressed.get(params.name) : undefined;
      return new RawResponse(gzip ?? content, {
        "content-type": contentTypes[params.name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
        "cache-control": "public, max-age=31536000, immutable",
        vary: "accept-encoding",
        ...(gzip ? { "content-encoding": "gzip" } : {}),
      });
    },
  });

  const document = defineRoute({
    method: "GET",
    path: "/*",
    summary: "The web page",
    access: { public: "the page without any data; what it shows it asks the API for, with an identity" },
    params: z.object({ "*": z.string() }),
    response: z.never(),
    handle({ params }) {
      const path = params["*"];
      if (apiPath.test(path))
        throw new HavnError(`Nothing answers GET /${path}`, {
          status: 404,
          detail: "GET /api/v1/openapi.json lists what there is.",
        });
      return new RawResponse(web.html, {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
      });
    },
  });
  return [assets, document];
}

const acceptsGzip = (header: string | string[] | undefined) => /\bgzip\b/.test(String(header ?? ""));

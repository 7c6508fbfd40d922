import { defineRoute, type Route } from "@havn/http";
import { applySchema, dnsLabel, releaseSchema } from "@havn/model";
import { z } from "zod";
import { fileSizeLimit } from "./artifacts/files.ts";
import { artifactSizeLimit } from "./artifacts/store.ts";
import type { Delivery } from "./index.ts";

const environment = z.object({ environment: dnsLabel });
const digestParams = z.object({
  digest: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
});
const stored = z.object({ digest: z.string(), size: z.number().int() });

export function deliveryRoutes({ artifacts, releases, rollback }: Omit<Delivery, "routes">): Route[] {
  return [
    defineRoute({
      method: "PUT",
      path: "/api/v1/artifacts/:digest",
      summary:
        "Upload the .tar.gz of a built source, named by the digest of the source. A second upload changes nothing.",
      access: { action: "artifact:write", resource: ({ params }) => params.digest },
      params: digestParams,
      response: stored,
      consumes: "stream",
      bodyLimit: artifactSizeLimit,
      handle: ({ params, raw }) => artifacts.store(params.digest, raw),
    }),
    defineRoute({
      method: "PUT",
      path: "/api/v1/artifacts/files/:digest",
      summary: "Upload a file that a configuration brings to hosts, named by its sha256.",
      access: { action: "artifact:write", resource: ({ params }) => params.digest },
      params: digestParams,
      response: stored,
      consumes: "stream",
      bodyLimit: fileSizeLimit,
      handle: async ({ params: { digest }, raw }) => ({
        digest,
        size: await artifacts.files.store(digest, raw),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/environments/:environment/releases",
      summary: "Releases of an environment's services, newest first.",
      access: { action: "release:read", resource: ({ params }) => params.environment },
      params: environment,
      query: z.object({ service: dnsLabel.optional() }),
      response: z.object({ releases: z.array(releaseSchema) }),
      handle: async ({ params, query }) => ({
        releases: await releases.list(params.environment, query.service),
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/environments/:environment/rollback",
      summary: "Roll a service back to the release that served before.",
      access: {
        action: "rollback:create",
        resource: ({ params }) => params.environment,
        subject: ({ params, body }) => `${params.environment}/service/${body.service}`,
      },
      params: environment,
      body: z.strictObject({ service: dnsLabel }),
      response: applySchema,
      status: 202,
      handle: ({ params, body, identity }) => rollback(params.environment, body.service, identity.actor),
    }),
  ];
}

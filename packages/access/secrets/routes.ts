import { defineRoute, type Route } from "@havn/http";
import { dnsLabel, HavnError, secretName, type Timeline } from "@havn/model";
import { z } from "zod";
import type { Identities } from "./identities.ts";
import type { Secrets } from "./secrets.ts";

const params = z.object({ environment: dnsLabel, name: secretName });
const named = (environment: string, name: string) => `secret ${name} of ${environment}`;
const versionAnswer = z.object({ version: z.number().int() });
const recipientsAnswer = z.object({ recipients: z.array(z.string()).describe("the newest first") });

const secretSchema = z.object({
  environment: z.string(),
  name: z.string(),
  version: z.number().int(),
  given: z.boolean().describe("set by a person, not generated"),
  createdAt: z.number().describe("of this version"),
  createdBy: z.string(),
});

interface SecretRouteParts {
  secrets: Secrets;
  identities: Identities;
  timeline: Timeline;
}

/** No answer but that of `reveal` holds a value, and no address does. */
export function secretRoutes(parts: SecretRouteParts): Route[] {
  return [...storeRoutes(parts), ...identityRoutes(parts)];
}

function storeRoutes({ secrets, timeline }: SecretRouteParts): Route[] {
  const tell = (environment: string, actor: string, what: { kind: string; summary: string }) =>
    timeline.write({ environment, actor, ...what });
  const access = (action: string) => ({
    action,
    resource: ({ params: at }: { params: z.output<typeof params> }) => named(at.environment, at.name),
  });
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/secrets",
      summary: "Names and versions of the secrets that the control plane keeps",
      access: { action: "secret:read" },
      query: z.strictObject({ environment: dnsLabel.optional() }),
      response: z.object({ secrets: z.array(secretSchema) }),
      handle: async ({ query }) => ({ secrets: await secrets.list(query.environment) }),
    }),
    defineRoute({
      method: "PUT",
      path: "/api/v1/secrets/:environment/:name",
      summary: "Set a secret's value",
      access: access("secret:write"),
      params,
      body: z.strictObject({ value: z.string().min(1).max(1_000_000) }),
      response: versionAnswer,
      async handle({ params: at, body, identity }) {
        const version = await secrets.set(at, body.value, identity.actor);
        await tell(at.environment, identity.actor, {
          kind: "secret.set",
          summary: `the secret ${at.name} was set (version ${version})`,
        });
        return { version };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/secrets/:environment/:name/rotate",
      summary: "Generate a new value for a secret",
      access: access("secret:write"),
      params,
      response: versionAnswer,
      async handle({ params: at, identity }) {
        const version = await secrets.rotate(at, identity.actor);
        await tell(at.environment, identity.actor, {
          kind: "secret.rotated",
          summary: `the secret ${at.name} was rotated (version ${version})`,
        });
        return { version };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/secrets/:environment/:name/reveal",
      summary: "Show a secret's value; the audit log tells who did",
      access: access("secret:reveal"),
      params,
      response: z.object({ value: z.string() }),
      async handle({ params: at, identity }) {
        const value = await secrets.find(at.environment, at.name);
        if (value === undefined)
          throw new HavnError(`There is no secret "${at.name}" in ${at.environment}`, {
            detail: "`havn secret list` shows those that there are.",
            status: 404,
          });
        await tell(at.environment, identity.actor, {
          kind: "secret.revealed",
          summary: `the secret ${at.name} was shown to ${identity.actor}`,
        });
        return { value };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/secrets/:environment/:name",
      summary: "Delete a secret",
      access: access("secret:delete"),
      params,
      response: z.null(),
      status: 204,
      async handle({ params: at, identity }) {
        await secrets.delete(at);
        await tell(at.environment, identity.actor, {
          kind: "secret.deleted",
          summary: `the secret ${at.name} was deleted`,
        });
        return null;
      },
    }),
  ];
}

function identityRoutes({ identities }: SecretRouteParts): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/secret-recipients",
      summary: "age recipients that secrets in the repository are encrypted for",
      access: { action: "secret:read" },
      response: recipientsAnswer,
      handle: async () => ({ recipients: await identities.recipients() }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/secret-recipients",
      summary: "Make another age identity, or take over those of an age key file",
      access: { action: "secret:key" },
      body: z.strictObject({ identities: z.string().max(100_000).optional() }),
      response: recipientsAnswer,
      status: 201,
      async handle({ body }) {
        if (body.identities === undefined) return { recipients: [await identities.generate()] };
        return { recipients: await identities.take(body.identities) };
      },
    }),
  ];
}

import { defineRoute, type Route } from "@havn/http";
import { durationText, HavnError, parseDuration } from "@havn/model";
import { z } from "zod";
import type { AuditLog } from "./audit/log.ts";
import type { Authentication } from "./authenticate.ts";
import type { Sessions, SignIn } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

const role = z.enum(["viewer", "operator", "admin"]);
const label = z.string().regex(/^[\w .@-]{1,64}$/, "use letters, digits, spaces and . @ - _, at most 64");

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role,
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
});

const sessionSchema = z.object({
  actor: z.string(),
  role,
  csrfToken: z.string().optional().describe("for the header x-havn-csrf; sessions only"),
});

const auditRecordSchema = z.object({
  id: z.number().int(),
  at: z.number(),
  actor: z.string(),
  identity: z.string(),
  role: z.string(),
  action: z.string(),
  resource: z.string(),
  outcome: z.string(),
  method: z.string(),
  path: z.string(),
  remoteAddress: z.string(),
});

export interface RouteParts {
  tokens: Tokens;
  signIn: SignIn;
  sessions: Sessions;
  authentication: Authentication;
  auditLog: AuditLog;
  cookieName: string;
}

export function accessRoutes(parts: RouteParts): Route[] {
  return [...tokenRoutes(parts.tokens), ...sessionRoutes(parts), ...auditRoutes(parts.auditLog)];
}

function tokenRoutes(tokens: Tokens): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/tokens",
      summary: "API tokens that are in force",
      access: { action: "token:read" },
      response: z.object({ tokens: z.array(tokenSchema) }),
      handle: async () => ({ tokens: await tokens.list() }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/tokens",
      summary: "Make an API token; it is shown only now",
      access: { action: "token:create", subject: ({ body }) => `token ${body.name} (${body.role})` },
      body: z.strictObject({ role, name: label, expiresIn: durationText.optional() }),
      response: z.object({ id: z.string(), token: z.string(), expiresAt: z.number().optional() }),
      status: 201,
      handle: ({ body: { role, name, expiresIn }, identity }) =>
        tokens.create({
          role,
          name,
          actor: identity.actor,
          expiresIn: expiresIn === undefined ? undefined : parseDuration(expiresIn),
        }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/tokens/:id",
      summary: "Revoke an API token at once",
      access: { action: "token:delete", resource: ({ params }) => `token ${params.id}` },
      params: z.object({ id: z.string() }),
      response: z.null(),
      status: 204,
      async handle({ params, identity }) {
        await tokens.revoke(params.id, identity.actor);
        return null;
      },
    }),
  ];
}

function sessionRoutes({ signIn, sessions, authentication, auditLog, cookieName }: RouteParts): Route[] {
  const cookie = (value: string, maxAge: number, protocol: string) =>
    // Lax, not Strict: a sign-in link or a bookmark opened from a mail is a visit from elsewhere and must find the
    // session. Changes are safe all the same: they need the CSRF token.
    `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${protocol === "https" ? "; Secure" : ""}`;
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/sign-in-links",
      summary: "Make a link that signs a person in once, within 15 minutes",
      access: { action: "sign-in-link:create", subject: ({ body }) => `${body.name} (${body.role})` },
      body: z.strictObject({ role: role.default("admin"), name: label.default("admin") }),
      response: z.object({ url: z.string(), expiresAt: z.number() }),
      status: 201,
      async handle({ body, identity, protocol, host }) {
        const actor = `user:${body.name}`;
        const link = await signIn.createCode({ actor, role: body.role, createdBy: identity.actor });
        // In the fragment: it reaches no log, and a scanner that opens the page does not use it up.
        return { url: `${protocol}://${host}/sign-in#${link.code}`, expiresAt: link.expiresAt };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/sessions",
      summary: "Sign in with the code of a link",
      access: { public: "whoever signs in has no identity yet; the one-time code is the proof" },
      body: z.strictObject({ code: z.string().max(200) }),
      response: sessionSchema,
      status: 201,
      async handle({ body, remoteAddress, protocol, reply }) {
        const { session, secret } = await authentication.attempt(remoteAddress, () => signIn.open(body.code));
        await auditLog.write({
          actor: session.actor,
          identity: session.id,
          role: session.role,
          action: "session:create",
          resource: "/api/v1/sessions",
          outcome: "allowed",
          method: "POST",
          path: "/api/v1/sessions",
          remoteAddress,
        });
        reply.header("set-cookie", cookie(secret, sessions.cookieSeconds, protocol));
        return { actor: session.actor, role: session.role, csrfToken: sessions.csrfToken(session.id) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/session",
      summary: "Who I am, and the CSRF token for my changes",
      access: { action: "session:read" },
      response: sessionSchema,
      handle: ({ identity: { actor, role, csrfToken } }) => ({ actor, role, csrfToken }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/sessions",
      summary: "Sign out",
      access: { action: "session:delete" },
      response: z.null(),
      status: 204,
      async handle({ identity, protocol, reply }) {
        if (identity.via !== "session")
          throw new HavnError("A token has no session", { status: 409, detail: "Revoke the token instead." });
        await sessions.end(identity.id);
        reply.header("set-cookie", cookie("", 0, protocol));
        return null;
      },
    }),
  ];
}

function auditRoutes(auditLog: AuditLog): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/audit",
      summary: "Who changed what, newest first",
      access: { action: "audit:read" },
      query: z.object({
        before: z.coerce.number().int().positive().optional().describe("only entries with a lower id"),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
      response: z.object({ entries: z.array(auditRecordSchema) }),
      handle: async ({ query }) => ({ entries: await auditLog.list(query) }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/audit/verification",
      summary: "Whether the audit log is whole",
      access: { action: "audit:read" },
      response: z.object({
        ok: z.boolean(),
        entries: z.number().int(),
        firstBroken: z.number().int().optional(),
        detail: z.string().optional(),
      }),
      handle: () => auditLog.verify(),
    }),
  ];
}

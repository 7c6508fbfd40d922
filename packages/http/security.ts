import { timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { HavnError } from "@havn/model";
import type { Identity } from "./access.ts";

/** On every answer. The page loads nothing from elsewhere and may not be framed. */
export const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

export function readCookies(header: string | undefined): Record<string, string> {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of header?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0) cookies[pair.slice(0, equals).trim()] ??= pair.slice(equals + 1).trim();
  }
  return cookies;
}

/** The name in a Host header, without its port and without the brackets of IPv6. */
export function hostName(header: string | undefined): string {
  const host = (header ?? "").toLowerCase();
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d+$/, "");
}

/**
 * A page on another site can make its own name resolve to this server (DNS rebinding) and then counts as the same
 * origin. So browsers are served under names that cannot be rebound: addresses, localhost and what was configured.
 */
export function requireAllowedHost(header: string | undefined, allowed: readonly string[]): void {
  const name = hostName(header);
  if (isIP(name) || name === "localhost" || name.endsWith(".localhost") || allowed.includes(name)) return;
  throw new HavnError(`This server does not answer under the name "${name}"`, {
    status: 403,
    detail: "Open it by its address, or add the name to the allowed hosts of the server.",
  });
}

export function requireCsrf(identity: Identity, header: string | string[] | undefined): void {
  if (typeof header === "string" && identity.csrfToken && equalInTime(header, identity.csrfToken)) return;
  throw new HavnError("The request lacks its CSRF token", {
    status: 403,
    detail: "Send the csrfToken of GET /api/v1/session in the header x-havn-csrf.",
  });
}

function equalInTime(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

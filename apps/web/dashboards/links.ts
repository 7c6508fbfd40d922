/** Where a link of a dashboard may lead. */
export type Link = { kind: "inside" | "outside"; href: string } | { kind: "refused" };

/**
 * Decides over an address whose variables are filled in. What begins as a path of this page stays with it, whatever a
 * variable put behind the first slash (`//elsewhere`, `/\elsewhere`); nothing runs as a script.
 */
export function linkOf(href: string, origin: string): Link {
  let url: URL;
  try {
    url = new URL(href, origin);
  } catch {
    return { kind: "refused" };
  }
  if (href.startsWith("/"))
    return url.origin === origin
      ? { kind: "inside", href: url.href.slice(origin.length) }
      : { kind: "refused" };
  const written = /^(https?:\/\/|mailto:)/i.test(href);
  return written && /^(https?|mailto):$/.test(url.protocol)
    ? { kind: "outside", href: url.href }
    : { kind: "refused" };
}

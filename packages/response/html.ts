import { RawResponse } from "@havn/http";

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escapeText = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character] ?? "");

/** A page that works on any phone, without scripts. `body` is HTML already. */
export const htmlPage = (title: string, body: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(title)}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}button,input{font:inherit;padding:.8rem 1.6rem}</style>
<h1>${escapeText(title)}</h1>
${body}
</html>
`;

/** For whoever holds a link: nobody else's cache keeps it, and its one form goes to itself. */
export const htmlAnswer = (body: string, status = 200): RawResponse =>
  new RawResponse(
    body,
    {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    },
    status,
  );

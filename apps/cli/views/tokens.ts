import type { Token } from "../api/schemas.ts";
import { alignColumns, printable } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago, localTime } from "./words.ts";

export function tokensView(tokens: readonly Token[], { style, now }: ViewContext): string {
  if (tokens.length === 0) return "There is no token. Make one with `havn token create`.";
  const head = ["ID", "NAME", "ROLE", "GOOD UNTIL", "LAST USED"].map(style.bold);
  const rows = tokens.map(({ id, name, role, expiresAt, lastUsedAt }) => [
    id,
    printable(name),
    role,
    expiresAt ? (expiresAt < now ? style.red("expired") : localTime(expiresAt)) : "for ever",
    lastUsedAt ? ago(lastUsedAt, now) : "never",
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

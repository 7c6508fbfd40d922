import type { z } from "zod";
import type { secretsAnswer } from "../api/schemas.ts";
import type { SecretUser } from "../flows/secrets.ts";
import { alignColumns, printable } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago } from "./words.ts";

type Secret = z.infer<typeof secretsAnswer>["secrets"][number];

export interface Secrets {
  kept: (Secret & { usedBy: SecretUser[] })[];
  inRepository: { environment: string; name: string; usedBy: SecretUser[] }[];
}

export function secretsView({ kept, inRepository }: Secrets, { style, now }: ViewContext): string {
  if (kept.length + inRepository.length === 0)
    return 'There is no secret. `havn secret set NAME` keeps one; a configuration\'s secret("name") makes one.';
  const head = ["ENVIRONMENT", "NAME", "VERSION", "SINCE", "BY", "USED BY"].map(style.bold);
  const rows = [
    ...kept.map(({ environment, name, version, given, createdAt, createdBy, usedBy }) => [
      environment,
      name,
      String(version),
      ago(createdAt, now),
      given ? printable(createdBy) : "generated",
      users(usedBy),
    ]),
    ...inRepository.map(({ environment, name, usedBy }) => [
      environment,
      printable(name),
      "-",
      "-",
      "repository",
      users(usedBy),
    ]),
  ];
  return alignColumns([head, ...rows]).join("\n");
}

const users = (usedBy: readonly SecretUser[]): string =>
  usedBy.length === 0
    ? "nobody"
    : usedBy
        .map(({ address, hosts }) => (hosts.length === 0 ? address : `${address} on ${hosts.join(", ")}`))
        .map(printable)
        .join("; ");

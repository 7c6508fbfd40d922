import { HavnError } from "@havn/model";
import { z } from "zod";
import { literal } from "../lines.ts";
import { accountName } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const authorizedKeySchema = z.strictObject({
  user: accountName.describe("who may sign in with it"),
  key: z
    .string()
    .regex(
      /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9-]+@openssh\.com) [A-Za-z0-9+/]+=*( [^\n]*)?$/,
      'expected a public key as in id_ed25519.pub: type, key and comment, without options ("ssh-ed25519 AAAA… me@home")',
    )
    .describe("public key: type, key, comment"),
  options: z
    .array(z.string().regex(/^[^\n]+$/))
    .default([])
    .describe('restrictions, as sshd knows them (`from="10.0.0.0/8"`, `no-pty`)'),
  absent: z.boolean().default(false).describe("true: the key must not be there"),
});
export type AuthorizedKeyProperties = z.output<typeof authorizedKeySchema>;

export interface AuthorizedKeyObserved {
  /** Undefined where there is no such user (yet). */
  home?: string | undefined;
  /** Every line that holds the key. */
  lines: string[];
  ours: boolean;
}

const authorizedKey: ResourceDefinition<AuthorizedKeyProperties, AuthorizedKeyObserved> = {
  type: "authorized.key",
  schema: authorizedKeySchema,
  plan: planKey,
  // Where homes are by default; a home elsewhere is looked at with everything else.
  watches: ({ user }) => [
    user === "root" ? "/root/.ssh/authorized_keys" : `/home/${user}/.ssh/authorized_keys`,
  ],
  shares: () => ["/etc/passwd"],
};
export default authorizedKey;

/** Finds the key in a line of authorized_keys, whatever its options and comment are. */
export const keyPattern = ({ key }: Pick<AuthorizedKeyProperties, "key">): string => {
  const [type = "", blob = ""] = key.split(" ");
  return `^([^#].*)?${literal(type)}\\s+${literal(blob)}(\\s|$)`;
};

function planKey(
  observed: AuthorizedKeyObserved,
  desired: AuthorizedKeyProperties,
  wanted: Wanted,
): HostPlan {
  const { user, key, options } = desired;
  const set = (line?: string): Operation => ({
    kind: "set line",
    path: "~/.ssh/authorized_keys",
    as: user,
    match: keyPattern(desired),
    ...(line !== undefined && { line }),
  });
  const [before] = observed.lines;
  if (desired.absent || wanted === "absent") {
    if (before === undefined || (!desired.absent && !observed.ours)) return unchanged;
    return { action: "delete", changes: [{ property: "key", before }], operations: [set()] };
  }
  const line = options.length > 0 ? `${options.join(",")} ${key}` : key;
  if (observed.home === "/nonexistent")
    throw new HavnError(`${user} has no home for authorized keys`, {
      detail: "Give the user a home, or let another user sign in.",
    });
  if (observed.lines.length === 1 && before === line) return unchanged;
  const changes = [{ property: "key", ...(before !== undefined && { before }), after: line }];
  return { action: before === undefined ? "create" : "update", changes, operations: [set(line)] };
}

import { type Address, findReferences, HavnError, resourceGraphSchema } from "@havn/model";
import type { Flow } from "./apply.ts";

/** A resource that uses a secret, as it was applied last. */
export interface SecretUser {
  address: Address;
  /** Names of the hosts that get it; none: only the control plane uses it. */
  hosts: string[];
}

export const pathOfSecret = (environment: string, name: string): string =>
  `/api/v1/secrets/${encodeURIComponent(environment)}/${encodeURIComponent(name)}`;

/** Who uses which secret, by its name; nobody in an environment that was never applied. */
export async function findUsers(
  { api, signal }: Pick<Flow, "api" | "signal">,
  environment: string,
): Promise<Map<string, SecretUser[]>> {
  const path = `/api/v1/environments/${encodeURIComponent(environment)}/graph`;
  const users = new Map<string, SecretUser[]>();
  try {
    const { resources } = await api.get(path, resourceGraphSchema, { signal });
    for (const { address, host, properties } of resources) {
      const names = findReferences(properties).flatMap((one) => ("$secret" in one ? [one.$secret] : []));
      const hosts = host === undefined ? namesIn(properties.hosts) : [host];
      for (const name of new Set(names)) users.set(name, [...(users.get(name) ?? []), { address, hosts }]);
    }
  } catch (error) {
    if (!(error instanceof HavnError) || error.status !== 404) throw error;
  }
  return users;
}

const namesIn = (hosts: unknown): string[] =>
  Array.isArray(hosts) ? hosts.filter((name): name is string => typeof name === "string") : [];

/** Says who gets a new value, and how. */
export async function tellUsers(
  { api, io, signal }: Flow,
  { environment, name }: { environment: string; name: string },
): Promise<void> {
  const used = (await findUsers({ api, signal }, environment)).get(name) ?? [];
  if (used.length === 0) return;
  io.tell(`Used by ${used.map(({ address }) => address).join(", ")}.`);
  io.tell(`They get it with \`havn apply -e ${environment}\`.`);
}

/** A resource as far as it tells what needs it. */
export interface GraphResource {
  address: string;
  type: string;
  name: string;
  host?: string | undefined;
  dependsOn: readonly string[];
}

/**
 * Names of the services that stand on what these labels speak of: by name (`service`), by address (`resource`), or
 * because what fails is what they need, directly or through others. Sorted.
 */
export function affectedServices(
  resources: readonly GraphResource[],
  alerts: readonly { labels: Readonly<Record<string, string>> }[],
): string[] {
  const neededBy = new Map<string, string[]>();
  for (const { address, dependsOn } of resources)
    for (const needed of dependsOn) neededBy.set(needed, [...(neededBy.get(needed) ?? []), address]);
  const failing = resources.filter((resource) => alerts.some(({ labels }) => isNamed(resource, labels)));
  const reached = new Set(failing.map(({ address }) => address));
  for (const address of reached) for (const user of neededBy.get(address) ?? []) reached.add(user);
  const named = alerts.flatMap(({ labels }) => labels.service ?? []);
  const services = resources.filter(({ type, address }) => type === "service" && reached.has(address));
  return [...new Set([...services.map(({ name }) => name), ...named])].sort();
}

function isNamed({ address, type, name }: GraphResource, labels: Readonly<Record<string, string>>): boolean {
  if (address === labels.resource || address === labels.host) return true;
  return (type === "host" && name === labels.host) || (type === "service" && name === labels.service);
}

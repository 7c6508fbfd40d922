import { type Address, describeReferences, isReference, parseAddress, type Resource } from "@havn/model";

/** Another resource that must be real before, or after; and why. */
export interface ExplainedDependency {
  address: Address;
  reason: string;
}

export interface ExplainedResource {
  resource: Resource;
  /** References described, never resolved. */
  properties: unknown;
  needs: ExplainedDependency[];
  neededBy: ExplainedDependency[];
}

/** What is known of one resource among `resources`; undefined where there is none of that address. */
export function explainResource(
  resources: readonly Resource[],
  address: Address,
): ExplainedResource | undefined {
  const resource = resources.find((one) => one.address === address);
  if (!resource) return undefined;
  const dependency = (user: Resource, other: Address, shown: Address): ExplainedDependency => ({
    address: shown,
    reason: reasonOf(user, other),
  });
  return {
    resource,
    properties: describeReferences(resource.properties),
    needs: resource.dependsOn.map((other) => dependency(resource, other, other)),
    neededBy: resources
      .filter(({ dependsOn }) => dependsOn.includes(address))
      .map((user) => dependency(user, address, user.address)),
  };
}

/** Why `user` comes after the resource at `other`: by the host it lives on, a property that names it, or a path. */
function reasonOf(user: Resource, other: Address): string {
  const { type, name } = parseAddress(other);
  if (type === "host" && user.host === name) return "lives on it";
  const property = propertyNaming(user.properties, { address: other, type, name });
  if (property !== undefined) return `${property} refers to it`;
  const own = user.properties.path;
  const [, path] = /^[^:]*:(\/.*)$/.exec(name) ?? [];
  if (typeof own === "string" && path !== undefined) {
    if (own === path) return "works on the same path, and is declared later";
    if (own.startsWith(`${path}/`)) return "is inside of it";
  }
  return "written as dependsOn, or by what declares both";
}

interface Named {
  address: Address;
  type: string;
  name: string;
}

/** Path of the first property that names the resource: by its address, by its name, or by a reference to the host. */
function propertyNaming(value: unknown, named: Named, path = ""): string | undefined {
  if (value === named.address) return path;
  if ((named.type === "host" || named.type === "machine" || named.type === "service") && value === named.name)
    return path;
  if (isReference(value) && "$host" in value)
    return named.type === "host" && value.$host === named.name ? path : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const at = key.startsWith("$") || Array.isArray(value) ? path : path === "" ? key : `${path}.${key}`;
    const found = propertyNaming(inner, named, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

import { z } from "zod";

/** `env/type/name`: what a resource is called everywhere, e.g. `shop/service/shop` or `shop/file/lb-1:/etc/motd`. */
export type Address = string;

export interface AddressParts {
  environment: string;
  type: string;
  name: string;
}

/** Names of environments, machines, hosts and services: a DNS label (RFC 1123). */
export const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "use lower-case letters, digits and hyphens, at most 63");

export const addressSchema = z.string().regex(/^[^/]+\/[^/]+\/.+$/, "expected env/type/name");

export function formatAddress({ environment, type, name }: AddressParts): Address {
  return `${environment}/${type}/${name}`;
}

/** The name may itself contain slashes (`shop/file/web-1:/etc/motd`); the first two slashes part the address. */
export function parseAddress(address: Address): AddressParts {
  const first = address.indexOf("/");
  const second = address.indexOf("/", first + 1);
  if (first < 1 || second < first + 2 || second === address.length - 1)
    throw new TypeError(`"${address}" is not an address: expected env/type/name`);
  return {
    environment: address.slice(0, first),
    type: address.slice(first + 1, second),
    name: address.slice(second + 1),
  };
}

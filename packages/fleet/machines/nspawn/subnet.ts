import { createHash } from "node:crypto";

/** `10.160.0`: the first three bytes of a /24. */
export type Prefix = string;

/** IPv4 networks, as `ip route` and `ip addr` write them, that must stay reachable: `10.0.0.0/8`, `192.168.1.7`. */
export function overlaps(prefix: Prefix, network: string): boolean {
  const [address = "", length = "32"] = network.split("/");
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) return false;
  const bits = Math.min(Number(length), 24);
  // A default route reaches everything and forbids nothing.
  if (bits === 0) return false;
  const mask = (0xffffffff << (32 - bits)) >>> 0;
  return (toNumber(address) & mask) >>> 0 === (toNumber(`${prefix}.0`) & mask) >>> 0;
}

const toNumber = (address: string) =>
  address.split(".").reduce((total, byte) => ((total << 8) | Number(byte)) >>> 0, 0);

/**
 * The first free /24 of 10.160.0.0/11, tried from a place that `seed` decides: the same data directory finds the same
 * network again, two of them hardly ever try the same one. Undefined when all 8192 are taken.
 */
export function choosePrefix(seed: string, taken: readonly string[]): Prefix | undefined {
  const start = createHash("sha256").update(seed).digest().readUInt16BE(0) % 8192;
  for (let step = 0; step < 8192; step++) {
    const index = (start + step) % 8192;
    const prefix = `10.${160 + (index >> 8)}.${index & 255}`;
    if (!taken.some((network) => overlaps(prefix, network))) return prefix;
  }
  return undefined;
}

/** The lowest free machine address; .1 is the bridge, .2 to .9 stay free for what shares the network later. */
export function chooseAddress(prefix: Prefix, taken: readonly string[]): string | undefined {
  for (let last = 10; last < 255; last++)
    if (!taken.includes(`${prefix}.${last}`)) return `${prefix}.${last}`;
  return undefined;
}

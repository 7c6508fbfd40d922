export interface Greeting {
  version: string;
  challenge: Buffer;
  capabilities: number;
  plugin: string;
}

/** The first packet of a server. Throws what it says where it refuses to talk at all. */
export function readGreeting(packet: Buffer): Greeting {
  if (packet[0] === 0xff) throw new Error(errorOf(packet));
  if (packet[0] !== 10) throw new Error("the answer is not MySQL's");
  const end = packet.indexOf(0, 1);
  const version = packet.subarray(1, end).toString();
  let at = end + 5;
  const first = packet.subarray(at, at + 8);
  at += 9;
  const low = packet.readUInt16LE(at);
  const high = packet.readUInt16LE(at + 5);
  const length = packet[at + 7] ?? 0;
  at += 18;
  const second = packet.subarray(at, at + Math.max(13, length - 8) - 1);
  const rest = packet.subarray(at + Math.max(13, length - 8));
  const stop = rest.indexOf(0);
  return {
    version: version.replace(/^5\.5\.5-/, ""),
    challenge: Buffer.concat([first, second]),
    capabilities: ((high << 16) | low) >>> 0,
    plugin: rest.subarray(0, stop < 0 ? rest.length : stop).toString(),
  };
}

export function errorOf(packet: Buffer): string {
  const code = packet.readUInt16LE(1);
  const text = packet.subarray(packet[3] === 0x23 ? 9 : 3).toString("utf8");
  return `${text} (${code})`;
}

/** The first column of a text row; undefined for NULL. */
export function firstText(row: Buffer): string | undefined {
  const kind = row[0] ?? 0xfb;
  if (kind === 0xfb) return undefined;
  const [length, start] =
    kind < 0xfb
      ? [kind, 1]
      : kind === 0xfc
        ? [row.readUInt16LE(1), 3]
        : kind === 0xfd
          ? [row.readUIntLE(1, 3), 4]
          : [Number(row.readBigUInt64LE(1)), 9];
  return row.subarray(start, start + length).toString("utf8");
}

import { crc32 } from "node:zlib";

/** NRPE's packets: version 2 is 1,036 bytes whatever it says, 3 and 4 are as long as their text. */
export interface NrpePacket {
  version: 2 | 3 | 4;
  type: "query" | "response";
  /** State of the check in a response. */
  code: number;
  text: string;
}

const types = { query: 1, response: 2 } as const;
const header = { 2: 10, 3: 16, 4: 16 } as const;
const textLength2 = 1024;
const packetLength2 = 1036;
/** What a text takes beside itself: 3 counts its structure's padding as well. */
const extra = { 3: 3, 4: 0 } as const;
/** As much as NRPE itself sends. */
const longestText = 64 * 1024;

export function encodePacket({ version, type, code, text }: NrpePacket): Buffer {
  const written = Buffer.from(text, "utf8").subarray(0, version === 2 ? textLength2 - 1 : longestText - 1);
  const bytes = Buffer.alloc(
    version === 2 ? packetLength2 : header[version] + written.length + 1 + extra[version],
  );
  bytes.writeInt16BE(version, 0);
  bytes.writeInt16BE(types[type], 2);
  bytes.writeInt16BE(code, 8);
  if (version !== 2) bytes.writeInt32BE(written.length + 1, 12);
  written.copy(bytes, header[version]);
  bytes.writeUInt32BE(crc32(bytes), 4);
  return bytes;
}

/** How long the packet that begins with `start` is; undefined while that cannot be told. Throws for what is no NRPE. */
export function packetLength(start: Buffer): number | undefined {
  if (start.length < 2) return undefined;
  const version = start.readInt16BE(0);
  if (version === 2) return packetLength2;
  if (version !== 3 && version !== 4) throw new Error(`NRPE version ${version} is not known here`);
  if (start.length < header[version]) return undefined;
  const length = start.readInt32BE(12);
  if (length < 1 || length > longestText) throw new Error(`a text of ${length} bytes is not taken`);
  return header[version] + length + extra[version];
}

/** Throws for a packet that was damaged on its way. */
export function decodePacket(bytes: Buffer): NrpePacket {
  const version = bytes.readInt16BE(0) as NrpePacket["version"];
  const kind = bytes.readInt16BE(2);
  const sum = bytes.readUInt32BE(4);
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0, 4);
  if (crc32(copy) !== sum) throw new Error("the packet's checksum is wrong");
  const type = kind === types.query ? "query" : kind === types.response ? "response" : undefined;
  if (!type) throw new Error(`a packet of type ${kind} is not known here`);
  const rest = bytes.subarray(header[version]);
  const end = rest.indexOf(0);
  return {
    version,
    type,
    code: bytes.readInt16BE(8),
    text: rest.subarray(0, end < 0 ? rest.length : end).toString("utf8"),
  };
}

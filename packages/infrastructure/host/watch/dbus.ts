/**
 * The little of D-Bus's wire format that telling signals apart takes (D-Bus specification, "Message Protocol"): what a
 * message is about stands in its header; its body is not looked at.
 */
export interface DbusHeader {
  /** 1 call, 2 return, 3 error, 4 signal. */
  type: number;
  path: string;
  interface: string;
  member: string;
}

const largestMessage = 128 * 1024 * 1024;
const fields: Readonly<Record<number, "path" | "interface" | "member">> = {
  1: "path",
  2: "interface",
  3: "member",
};

/** Cuts a stream of messages into headers. Throws a TypeError for what is no D-Bus. */
export function createDbusReader(onMessage: (header: DbusHeader) => void): (bytes: Buffer) => void {
  let waiting: Buffer = Buffer.alloc(0);
  return (bytes) => {
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    for (;;) {
      const length = messageLength(waiting);
      if (length === undefined || waiting.length < length) return;
      onMessage(readHeader(waiting.subarray(0, length)));
      waiting = waiting.subarray(length);
    }
  };
}

const aligned = (offset: number, to: number): number => Math.ceil(offset / to) * to;

function reads(bytes: Buffer) {
  const little = bytes[0] === 0x6c; // "l"; "B" is big
  if (!little && bytes[0] !== 0x42) throw new TypeError("this is no D-Bus message");
  return (offset: number): number => (little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset));
}

/** Undefined while too little of it is there to tell. */
function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < 16) return undefined;
  const read = reads(bytes);
  const length = aligned(16 + read(12), 8) + read(4);
  if (length > largestMessage) throw new TypeError("a D-Bus message is too long");
  return length;
}

/** Header fields are an array of structures: a code, a signature of one type, a value. */
function readHeader(bytes: Buffer): DbusHeader {
  const read = reads(bytes);
  const header: DbusHeader = { type: bytes[1] ?? 0, path: "", interface: "", member: "" };
  const end = 16 + read(12);
  for (let at = 16; at < end; ) {
    at = aligned(at, 8);
    const name = fields[bytes[at] ?? 0];
    const signature = String.fromCharCode(bytes[at + 2] ?? 0);
    at += 4;
    if (signature === "s" || signature === "o") {
      at = aligned(at, 4);
      const length = read(at);
      if (name) header[name] = bytes.toString("utf8", at + 4, at + 4 + length);
      at += 4 + length + 1;
    } else if (signature === "g") at += 1 + (bytes[at] ?? 0) + 1;
    else if (signature === "u") at = aligned(at, 4) + 4;
    else throw new TypeError(`a D-Bus header holds a "${signature}"`);
  }
  return header;
}

/** `/org/freedesktop/systemd1/unit/ssh_2eservice` → `ssh.service`; undefined for what is no unit. */
export function unitOfPath(path: string): string | undefined {
  const [, escaped] = /^\/org\/freedesktop\/systemd1\/unit\/([A-Za-z0-9_]+)$/.exec(path) ?? [];
  return escaped?.replace(/_([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

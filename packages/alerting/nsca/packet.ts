import { createDecipheriv } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * What nsca-client can be told to encrypt with, and we answer. "none" and "xor" hide nothing (the key of "xor" is the
 * server's first packet, which everybody sees), so a configuration must name them. The others are the client's methods
 * 3 and 14 to 16: triple DES and AES (Rijndael with a block of 128 bits), in a mode that proves nothing about who sent.
 */
export const nscaMethods = { none: 0, xor: 1, "3des": 3, aes: 14 } as const;
export type NscaMethod = keyof typeof nscaMethods;

export interface NscaResult {
  timestamp: number;
  code: number;
  host: string;
  /** Absent: the result is the host's own. */
  service: string | undefined;
  output: string;
}

/** The server speaks first: 128 random bytes and its time. */
export const greetingLength = 132;
const ivLength = 128;

export function greeting(iv: Uint8Array, seconds: number): Buffer {
  const bytes = Buffer.alloc(greetingLength);
  bytes.set(iv);
  bytes.writeUInt32BE(seconds, ivLength);
  return bytes;
}

/** Both lengths that are in use: outputs of 512 bytes (before 2.9) and of 4,096. */
export const packetLengths = [720, 4304] as const;
const [hostAt, serviceAt, outputAt] = [14, 78, 206] as const;

export interface NscaCipher {
  method: NscaMethod;
  password: string;
  /** The server's random bytes. */
  iv: Buffer;
  /** What came encrypted just before on the same connection: block ciphers go on from there. */
  before: Buffer;
}

/** Undefined for what was not encrypted this way: its checksum is wrong. */
export function readResult(bytes: Buffer, cipher: NscaCipher): NscaResult | undefined {
  const clear = decrypt(bytes, cipher);
  const sum = clear.readUInt32BE(4);
  const copy = Buffer.from(clear);
  copy.writeUInt32BE(0, 4);
  if (clear.readInt16BE(0) !== 3 || crc32(copy) !== sum) return undefined;
  const service = textAt(clear, serviceAt, outputAt);
  return {
    timestamp: clear.readUInt32BE(8),
    code: clear.readInt16BE(12),
    host: textAt(clear, hostAt, serviceAt),
    service: service === "" ? undefined : service,
    output: textAt(clear, outputAt, clear.length),
  };
}

function textAt(bytes: Buffer, start: number, end: number): string {
  const stop = bytes.indexOf(0, start);
  return bytes.subarray(start, stop < 0 ? end : Math.min(stop, end)).toString("utf8");
}

function decrypt(bytes: Buffer, { method, password, iv, before }: NscaCipher): Buffer {
  const goOn = (length: number) => (before.length === 0 ? iv.subarray(0, length) : before.subarray(-length));
  switch (method) {
    case "none":
      return bytes;
    case "xor":
      return password === "" ? xor(bytes, iv) : xor(xor(bytes, iv), Buffer.from(password));
    case "3des":
      return decipher("des-ede3-cfb8", bytes, { key: keyOf(password, 24), iv: goOn(8) });
    case "aes":
      return decipher("aes-256-cfb8", bytes, { key: keyOf(password, 32), iv: goOn(16) });
  }
}

function xor(bytes: Buffer, key: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, at) => byte ^ (key[at % key.length] ?? 0)));
}

/** As mcrypt takes it: cut, or filled up with zeros. */
function keyOf(password: string, length: number): Buffer {
  const key = Buffer.alloc(length);
  key.set(Buffer.from(password).subarray(0, length));
  return key;
}

function decipher(name: string, bytes: Buffer, { key, iv }: { key: Buffer; iv: Buffer }): Buffer {
  const one = createDecipheriv(name, key, iv);
  return Buffer.concat([one.update(bytes), one.final()]);
}

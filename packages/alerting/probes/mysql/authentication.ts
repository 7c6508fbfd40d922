import { constants, createHash, publicEncrypt } from "node:crypto";

const xor = (a: Uint8Array, b: Uint8Array): Buffer =>
  Buffer.from(a.map((byte, at) => byte ^ (b[at % b.length] ?? 0)));

function hash(name: "sha1" | "sha256", ...parts: (string | Uint8Array)[]): Buffer {
  const digest = createHash(name);
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** mysql_native_password. */
export function nativeAnswer(password: string, challenge: Uint8Array): Buffer {
  const once = hash("sha1", password);
  return xor(once, hash("sha1", challenge, hash("sha1", once)));
}

/** caching_sha2_password, its fast half. */
export function cachingAnswer(password: string, challenge: Uint8Array): Buffer {
  const once = hash("sha256", password);
  return xor(once, hash("sha256", hash("sha256", once), challenge));
}

/** Its slow half without TLS: for the server's key only. */
export const encryptPassword = (password: string, challenge: Uint8Array, key: string): Buffer =>
  publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING },
    xor(Buffer.from(`${password}\0`), challenge),
  );

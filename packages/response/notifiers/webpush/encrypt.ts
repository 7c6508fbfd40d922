import { createCipheriv, createECDH, createPrivateKey, hkdfSync, sign } from "node:crypto";

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

export interface PushKeys {
  /** The browser's public key: 65 bytes, uncompressed. */
  receiver: Uint8Array;
  /** The secret that the browser shared with the subscription: 16 bytes. */
  auth: Uint8Array;
  /** A private key for this message alone, and its salt of 16 bytes. */
  sender: Uint8Array;
  salt: Uint8Array;
}

/** A whole message as RFC 8291 wants it: one record of RFC 8188 (aes128gcm), its key agreed on P-256. */
export function encryptPush(plain: Uint8Array, { receiver, auth, sender, salt }: PushKeys): Buffer {
  const own = createECDH("prime256v1");
  own.setPrivateKey(sender);
  const ownPublic = own.getPublicKey();
  const shared = own.computeSecret(receiver);
  const about = Buffer.concat([Buffer.from("WebPush: info\0"), receiver, ownPublic]);
  const key = new Uint8Array(hkdfSync("sha256", shared, auth, about, 32));
  const derive = (info: string, length: number) =>
    new Uint8Array(hkdfSync("sha256", key, salt, Buffer.from(info), length));
  const cipher = createCipheriv(
    "aes-128-gcm",
    derive("Content-Encoding: aes128gcm\0", 16),
    derive("Content-Encoding: nonce\0", 12),
  );
  // 2 ends the last record.
  const record = Buffer.concat([cipher.update(plain), cipher.update(Buffer.of(2)), cipher.final()]);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(4096, 0);
  header.writeUInt8(ownPublic.length, 4);
  return Buffer.concat([salt, header, ownPublic, record, cipher.getAuthTag()]);
}

/** Who sends, for a push service (RFC 8292): a token for its origin alone, good until `expires` (seconds). */
export function vapidHeader({
  endpoint,
  subject,
  privateKey,
  expires,
}: {
  endpoint: string;
  subject: string;
  /** 32 bytes in base64url. */
  privateKey: string;
  expires: number;
}): string {
  const own = createECDH("prime256v1");
  own.setPrivateKey(Buffer.from(privateKey, "base64url"));
  const point = own.getPublicKey();
  const jwk = {
    ...{ kty: "EC", crv: "P-256", d: privateKey },
    ...{ x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33)) },
  };
  const part = (value: unknown) => base64url(Buffer.from(JSON.stringify(value)));
  const claims = { aud: new URL(endpoint).origin, exp: expires, sub: subject };
  const text = `${part({ typ: "JWT", alg: "ES256" })}.${part(claims)}`;
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `vapid t=${text}.${base64url(signature)}, k=${base64url(point)}`;
}

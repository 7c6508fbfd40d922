import { createECDH, randomBytes } from "node:crypto";
import { request, type Send } from "../notifier.ts";
import { encryptPush, vapidHeader } from "./encrypt.ts";

interface Settings {
  endpoint: string;
  p256dh: string;
  auth: string;
  privateKey: string;
  subject: string;
}

const daySeconds = 86_400;

/** What a browser's service worker gets as JSON, through a push service that cannot read it (RFC 8030, 8291, 8292). */
export const send: Send<Settings> = async (settings, message, signal) => {
  const { endpoint, privateKey, subject } = settings;
  const sender = createECDH("prime256v1");
  sender.generateKeys();
  const { id, state, severity, url } = message;
  const plain = Buffer.from(
    // Services take 4096 bytes of ciphertext.
    JSON.stringify({
      id,
      state,
      severity,
      title: message.subject.slice(0, 300),
      body: message.text.slice(0, 1000),
      url,
    }),
  );
  const body = encryptPush(plain, {
    receiver: Buffer.from(settings.p256dh, "base64url"),
    auth: Buffer.from(settings.auth, "base64url"),
    // Its leading zeros may be left out by the library.
    sender: Buffer.from(sender.getPrivateKey("hex").padStart(64, "0"), "hex"),
    salt: randomBytes(16),
  });
  const expires = Math.floor(message.at / 1000) + daySeconds / 2;
  const { status } = await request(endpoint, {
    method: "POST",
    signal,
    body: new Uint8Array(body),
    headers: {
      "content-type": "application/octet-stream",
      "content-encoding": "aes128gcm",
      ttl: String(daySeconds),
      urgency: severity === "critical" ? "high" : "normal",
      // Takes the place of one that has not been delivered yet.
      topic: id.slice(0, 32),
      authorization: vapidHeader({ endpoint, subject, privateKey, expires }),
    },
  });
  return `answered ${status}`;
};

import { createHmac } from "node:crypto";
import { post, type Send } from "../notifier.ts";

/**
 * JSON by POST. With a secret, `x-havn-signature: t=<seconds>,v1=<hex>` is HMAC-SHA256 over `<seconds>.<body>`: the
 * receiver checks it and that the time is near, and counts each `idempotency-key` once.
 */
export const send: Send<{ url: string; secret?: string | undefined }> = (settings, message, signal) => {
  const { url, secret } = settings;
  const body = JSON.stringify(message);
  const seconds = Math.floor(message.at / 1000);
  const signature = secret && createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return post(url, {
    body,
    signal,
    headers: {
      "content-type": "application/json",
      "idempotency-key": message.id,
      ...(signature && { "x-havn-signature": `t=${seconds},v1=${signature}` }),
    },
  });
};

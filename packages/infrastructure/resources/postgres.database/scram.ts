import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";

/**
 * SCRAM-SHA-256 verifiers as PostgreSQL stores them (RFC 5803, `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`).
 * PostgreSQL takes one in place of a password, so that the password itself never reaches the database or its log.
 */
const iterations = 4096;

/**
 * The salt comes from the role and the password, so that equal input gives equal commands; guessing it costs as much
 * as guessing the verifier.
 */
export function scramVerifier(role: string, password: string): string {
  return verifierOf(password, pbkdf2Sync(password, `havn ${role}`, iterations, 16, "sha256"), iterations);
}

/** Whether `verifier` is for `password`; false for one of another kind (md5) or none. */
export function matchesPassword(verifier: string, password: string): boolean {
  const parts = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$/.exec(verifier);
  if (!parts) return false;
  const again = verifierOf(password, Buffer.from(parts[2] ?? "", "base64"), Number(parts[1]));
  return again.length === verifier.length && timingSafeEqual(Buffer.from(again), Buffer.from(verifier));
}

function verifierOf(password: string, salt: Buffer, count: number): string {
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, count, 32, "sha256");
  const key = (name: string) => createHmac("sha256", salted).update(name).digest();
  const stored = createHash("sha256").update(key("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${count}:${salt.toString("base64")}$${stored}:${key("Server Key").toString("base64")}`;
}

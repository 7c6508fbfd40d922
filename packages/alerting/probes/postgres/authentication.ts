import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

export function md5Answer({ user, password }: { user: string; password: string }, salt: Uint8Array): string {
  const md5 = (value: string | Uint8Array) => createHash("md5").update(value).digest("hex");
  return `md5${md5(Buffer.concat([Buffer.from(md5(password + user)), salt]))}`;
}

/** SCRAM-SHA-256 (RFC 7677), the client's side. */
export function scram(password: string, nonce = randomBytes(18).toString("base64")) {
  const bare = `n=,r=${nonce}`;
  let expected: Buffer | undefined;
  return {
    first: `n,,${bare}`,
    async proof(serverFirst: string): Promise<string> {
      const { r: both = "", s: salt = "", i: rounds = "" } = fieldsOf(serverFirst);
      const iterations = Number(rounds);
      // Above it a hostile server would only make us count.
      if (!both.startsWith(nonce) || !(iterations > 0 && iterations <= 1_000_000))
        throw new Error("the server's challenge cannot be used");
      const salted = await derive(
        password.normalize("NFKC"),
        Buffer.from(salt, "base64"),
        iterations,
        32,
        "sha256",
      );
      const clientKey = hmac(salted, "Client Key");
      const unsigned = `c=biws,r=${both}`;
      const signed = `${bare},${serverFirst},${unsigned}`;
      const signature = hmac(createHash("sha256").update(clientKey).digest(), signed);
      const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
      expected = hmac(hmac(salted, "Server Key"), signed);
      return `${unsigned},p=${proof.toString("base64")}`;
    },
    /** Throws where the server does not know the password either. */
    verify(serverFinal: string): void {
      const given = Buffer.from(fieldsOf(serverFinal).v ?? "", "base64");
      if (!expected || given.length !== expected.length || !timingSafeEqual(given, expected))
        throw new Error("the server does not know the password itself: it is not who it says");
    },
  };
}

const hmac = (key: Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const fieldsOf = (text: string): Record<string, string> =>
  Object.fromEntries(text.split(",").map((field) => [field.charAt(0), field.slice(2)]));

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Clock, HavnError } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { addSecret, findSecret, type SealedSecret } from "./store.ts";

export interface Secrets {
  /** The secret of that name, generated (32 URL-safe characters, 192 bits) at its first use. */
  ensure(environment: string, name: string): Promise<string>;
  find(environment: string, name: string): Promise<string | undefined>;
}

export function createSecrets({ sql, clock, key }: { sql: Sql; clock: Clock; key: Buffer }): Secrets {
  const find = async (environment: string, name: string) => {
    const sealed = await findSecret(sql, environment, name);
    return sealed && open(key, sealed);
  };
  return {
    find,
    async ensure(environment, name) {
      const known = await find(environment, name);
      if (known !== undefined) return known;
      const fresh = seal(key, { environment, name }, randomBytes(24).toString("base64url"));
      await addSecret(sql, fresh, clock.now());
      // Another server may have been first: what stands in the database counts.
      return (await find(environment, name)) ?? open(key, fresh);
    },
  };
}

/** Bound to its name: a sealed value that was moved to another one does not open. */
const boundTo = ({ environment, name }: { environment: string; name: string }) =>
  Buffer.from(`${environment}/${name}`);

function seal(key: Buffer, at: { environment: string; name: string }, value: string): SealedSecret {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(boundTo(at));
  const sealed = Buffer.concat([cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { environment: at.environment, name: at.name, nonce, sealed };
}

function open(key: Buffer, secret: SealedSecret): string {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, secret.nonce)
      .setAAD(boundTo(secret))
      .setAuthTag(secret.sealed.subarray(-16));
    return Buffer.concat([decipher.update(secret.sealed.subarray(0, -16)), decipher.final()]).toString(
      "utf8",
    );
  } catch {
    throw new HavnError(`The secret "${secret.name}" of ${secret.environment} cannot be opened`, {
      detail: "The file `keys` in the data directory is not the one it was sealed with. Put that one back.",
    });
  }
}

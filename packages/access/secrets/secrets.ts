import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { type Clock, HavnError, type SecretReference } from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Identities } from "./identities.ts";
import { openSealed, sealedValues } from "./sealed.ts";
import * as store from "./store.ts";

export interface Secrets {
  /** The secret of that name, generated (32 URL-safe characters, 192 bits) at its first use. */
  ensure(environment: string, name: string): Promise<string>;
  find(environment: string, name: string): Promise<string | undefined>;
  /** What a reference stands for: kept here, encrypted in the repository, or generated now. Throws a HavnError (409). */
  open(environment: string, reference: SecretReference): Promise<string>;
  /** Sets a value; gives its version. */
  set(at: SecretName, value: string, actor: string): Promise<number>;
  /** Generates a new value; gives its version. */
  rotate(at: SecretName, actor: string): Promise<number>;
  /** Throws a HavnError (404) where there is none. */
  delete(at: SecretName): Promise<void>;
  list(environment?: string): Promise<store.SecretRow[]>;
  /** All values of an environment, those of encrypted files too, for whoever must not tell one of them. */
  values(environment: string): Promise<string[]>;
  /** Equal for equal values, and of no use to whoever guesses: an HMAC under a key of this installation. */
  fingerprint(value: string): string;
}

export interface SecretName {
  environment: string;
  name: string;
}

interface SecretsOptions {
  sql: Sql;
  clock: Clock;
  keys: { secrets: Buffer; fingerprints: Buffer };
  identities: Identities;
}

const generate = () => randomBytes(24).toString("base64url");

export function createSecrets({ sql, clock, keys, identities }: SecretsOptions): Secrets {
  const key = keys.secrets;
  const find = async (environment: string, name: string) => {
    const sealed = await store.findSecret(sql, environment, name);
    return sealed && open(key, sealed);
  };
  const ensure = async (environment: string, name: string) => {
    const known = await find(environment, name);
    if (known !== undefined) return known;
    const at = { environment, name };
    await store.addSecret(sql, seal(key, at, generate()), clock.now());
    // Another server may have been first: what stands in the database counts. It was there and was deleted: it is anew.
    return (await find(environment, name)) ?? (await renewed(at));
  };
  const add = (at: SecretName, value: string, { given, actor }: { given: boolean; actor: string }) =>
    store.addSecretVersion(sql, { secret: seal(key, at, value), given, actor, at: clock.now() });
  const renewed = async (at: SecretName) => {
    const value = generate();
    await add(at, value, { given: false, actor: "havn" });
    return (await find(at.environment, at.name)) ?? value;
  };
  return {
    async values(environment) {
      const names = (await store.listSecrets(sql, environment)).map(({ name }) => name);
      const kept = await Promise.all(names.map((name) => find(environment, name)));
      const sealed = await sealedValues({ sql, identities }, environment);
      return [...kept.filter((value) => value !== undefined), ...sealed];
    },
    find,
    ensure,
    async open(environment, { $secret: name, sealed, given }) {
      if (sealed !== undefined) return openSealed({ sql, identities }, { environment, name, id: sealed });
      if (!given) return ensure(environment, name);
      const value = await find(environment, name);
      if (value === undefined) throw notSet({ environment, name });
      return value;
    },
    set: (at, value, actor) => add(at, value, { given: true, actor }),
    rotate: (at, actor) => add(at, generate(), { given: false, actor }),
    async delete({ environment, name }) {
      if (await store.deleteSecret(sql, environment, name)) return;
      throw new HavnError(`There is no secret "${name}" in ${environment}`, {
        detail: "`havn secret list` shows those that there are.",
        status: 404,
      });
    },
    list: (environment) => store.listSecrets(sql, environment),
    fingerprint: (value) => createHmac("sha256", keys.fingerprints).update(value).digest("hex").slice(0, 16),
  };
}

export const notSet = ({ environment, name }: SecretName): HavnError =>
  new HavnError(`The secret "${name}" of ${environment} is not set`, {
    detail: `Set it: havn secret set ${name} -e ${environment} < FILE.`,
    status: 409,
  });

/** Bound to its name: a sealed value that was moved to another one does not open. */
const boundTo = ({ environment, name }: SecretName) => Buffer.from(`${environment}/${name}`);

function seal(key: Buffer, at: SecretName, value: string): store.SealedSecret {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(boundTo(at));
  const sealed = Buffer.concat([cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { environment: at.environment, name: at.name, nonce, sealed };
}

function open(key: Buffer, secret: store.SealedSecret): string {
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

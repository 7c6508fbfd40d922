import { hkdfSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";

/** One key a purpose, all derived from the master key in the data directory: a leak of one tells nothing of another. */
export interface Keys {
  /** AES-256-GCM key of the secrets store. */
  readonly secrets: Buffer;
  /** HMAC key of secrets' fingerprints: equal secrets look equal, and nobody without the key can try guesses. */
  readonly fingerprints: Buffer;
  /** HMAC key of the audit chain: whoever can write the database still cannot forge entries. */
  readonly audit: Buffer;
  /** HMAC key that turns a session's id into its CSRF token. */
  readonly csrf: Buffer;
  /** Not secret, different for each installation: names its cookie, so that two on one computer do not clash. */
  readonly installation: string;
}

/** Reads the master key (`keys`, mode 0600), made at first use. */
export async function openKeys(dataDirectory: string): Promise<Keys> {
  const path = join(dataDirectory, "keys");
  await mkdir(dataDirectory, { recursive: true });
  await writeOnce(path, () => `${randomBytes(32).toString("base64url")}\n`);
  await chmod(path, 0o600);
  const master = Buffer.from((await readFile(path, "utf8")).trim(), "base64url");
  if (master.length !== 32)
    throw new HavnError(`${path} does not hold a key`, {
      detail: "Put the file back from a backup: the secrets in the database can be read with it only.",
    });
  const derive = (purpose: string) => Buffer.from(hkdfSync("sha256", master, "", `havn ${purpose}`, 32));
  return {
    secrets: derive("secrets"),
    fingerprints: derive("fingerprints"),
    audit: derive("audit"),
    csrf: derive("csrf"),
    installation: derive("installation").toString("hex").slice(0, 8),
  };
}

/** Makes the file whole or not at all; leaves one that is there. */
export async function writeOnce(path: string, make: () => string | Promise<string>): Promise<void> {
  if (existsSync(path)) return;
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writePrivate(draft, await make());
  try {
    await link(draft, path);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Writes a new file that only this user can read, and waits until it is on disk. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

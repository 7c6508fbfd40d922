import { randomBytes } from "node:crypto";
import { chmod, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { generateAgeKey, parseIdentities } from "@havn/sops";
import { writeOnce, writePrivate } from "../keys.ts";

/** The control plane's age identities: a file in age's own form, `age-identities`, mode 0600, in the data directory. */
export interface Identities {
  /** Read anew each time: they stay in memory no longer than they are used. */
  read(): Promise<string[]>;
  /** What others encrypt for, the newest first. */
  recipients(): Promise<string[]>;
  /** Makes another one, to encrypt for from now on; older ones go on opening what was encrypted for them. */
  generate(): Promise<string>;
  /** Takes over identities from an age key file; gives the recipients of those that are new. Throws a HavnError (400). */
  take(text: string): Promise<string[]>;
}

/** The first identity is made at once: there is always one to encrypt for. */
export async function openIdentities(dataDirectory: string): Promise<Identities> {
  const path = join(dataDirectory, "age-identities");
  await writeOnce(path, () => entry(generateAgeKey()));
  await chmod(path, 0o600);
  const parsed = async () => parseIdentities(await readFile(path, "utf8"));
  let writing: Promise<unknown> = Promise.resolve();
  // One after the other: each adds to what the one before left.
  const change = (edit: (text: string) => string) => {
    const write = async () => {
      const draft = `${path}.${randomBytes(6).toString("hex")}`;
      await writePrivate(draft, edit(await readFile(path, "utf8")));
      await rename(draft, path);
    };
    const done = writing.then(write);
    writing = done.catch(() => undefined);
    return done;
  };
  const read = async () => (await parsed()).map(({ identity }) => identity);
  if ((await read()).length === 0)
    throw new HavnError(`${path} holds no identity`, {
      detail: "Put the file back from a backup, or remove it.",
    });
  return {
    read,
    recipients: async () => (await parsed()).map(({ recipient }) => recipient),
    async generate() {
      const made = await generateAgeKey();
      const text = await entry(made);
      await change((before) => text + before);
      return made.recipient;
    },
    async take(text) {
      const given = await parseIdentities(text);
      if (given.length === 0)
        throw new HavnError("There is no age identity in it", {
          detail: "A line of an age key file begins with AGE-SECRET-KEY-1.",
          status: 400,
        });
      const known = new Set((await parsed()).map(({ recipient }) => recipient));
      const fresh = given.filter(({ recipient }) => !known.has(recipient));
      // After the own ones: what is encrypted from now on is for those.
      const texts = await Promise.all(fresh.map(entry));
      await change((before) => before + texts.join(""));
      return fresh.map(({ recipient }) => recipient);
    },
  };
}

async function entry(
  key: { identity: string; recipient: string } | Promise<{ identity: string; recipient: string }>,
) {
  const { identity, recipient } = await key;
  return `# public key: ${recipient}\n${identity}\n`;
}

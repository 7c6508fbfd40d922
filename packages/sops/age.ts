import { HavnError } from "@havn/model";

/** Loaded at first use: it is crypto for a fifth of a second, and most runs need none of it. */
const age = () => import("age-encryption");

/** A new age identity (`AGE-SECRET-KEY-1…`) and the recipient (`age1…`) that others encrypt for. */
export async function generateAgeKey(): Promise<{ identity: string; recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await age();
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Identities of an age key file: one a line, comments begin with #. Throws a HavnError (400) that shows no key. */
export async function parseIdentities(text: string): Promise<{ identity: string; recipient: string }[]> {
  const { identityToRecipient } = await age();
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => !/^(#|$)/.test(line));
  return Promise.all(
    keys.map(async ({ line, number }) => {
      try {
        return { identity: line, recipient: await identityToRecipient(line) };
      } catch {
        throw new HavnError(`Line ${number} holds no age identity`, {
          detail: "An identity begins with AGE-SECRET-KEY-1; `age-keygen` makes one.",
          status: 400,
        });
      }
    }),
  );
}

/** Throws a HavnError (400) for what is no recipient. */
export async function encryptAge(plain: string | Uint8Array, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await age();
  const encrypter = new Encrypter();
  for (const recipient of recipients)
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw new HavnError(`"${recipient}" is no age recipient`, {
        detail: "A recipient begins with age1; `havn secret recipients` shows Havn's own.",
        status: 400,
      });
    }
  return armor.encode(await encrypter.encrypt(plain));
}

const beginning = "-----BEGIN AGE ENCRYPTED FILE-----";

/** What stands in an armored age file. Throws a HavnError (400): no identity fits, or it was changed. */
export async function decryptAge(armored: string, identities: readonly string[]): Promise<Uint8Array> {
  const { armor, Decrypter } = await age();
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  let file: Uint8Array;
  try {
    file = armor.decode(armored.trim());
  } catch {
    throw new HavnError("It is no armored age file", {
      detail: `It begins with "${beginning}": encrypt with \`havn secret encrypt\`, or \`age --armor\`.`,
      status: 400,
    });
  }
  try {
    return await decrypter.decrypt(file);
  } catch (cause) {
    const foreign = cause instanceof Error && /no identity matched/.test(cause.message);
    if (foreign || identities.length === 0) throw noKey();
    throw new HavnError("It was changed after it was encrypted, or is damaged", {
      detail: "Take it from where it was made once more.",
      status: 400,
    });
  }
}

/** No identity at hand opens it. */
export const noKey = (): HavnError =>
  new HavnError("None of Havn's age identities opens it", {
    detail:
      "It was encrypted for others. Encrypt it for one of `havn secret recipients` too, or bring the identity that opens it: " +
      "`havn secret import-key`.",
    status: 400,
  });

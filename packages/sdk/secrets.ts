import { createRequire } from "node:module";
import { findReferences, HavnError, type SealedFile, type SecretReference } from "@havn/model";
import { closestName } from "@havn/plan";
import { readProjectFile } from "./files.ts";

export interface SecretOptions {
  /**
   * Whether Havn makes the value at first use. False: a person sets it with `havn secret set`, and nothing is planned
   * before. Default: true.
   * @example secret("payment-key", { generated: false })
   */
  generated?: boolean;
}

/** Encrypted files that were named, by what their references carry. */
const sealedFiles = new Map<string, SealedFile>();

/**
 * A value that Havn generates at first use and keeps. It stands in no plan, state or log, and only the hosts that need
 * it see it.
 *
 * `secret.fromSops` and `secret.age` take values that stand encrypted in the repository: the control plane opens them at
 * the moment when it sends them to the host.
 *
 * @example service("shop", { env: { SESSION_KEY: secret("session-key") }, … })
 * @example postgres("shop", { host: db, password: secret.fromSops("secrets/prod.yaml", "db.password") })
 */
export function secret(name: string, { generated = true }: SecretOptions = {}): SecretReference {
  return generated ? { $secret: name } : { $secret: name, given: true };
}

/**
 * A value of a SOPS file (YAML, JSON, dotenv, INI) that is encrypted with age for one of `havn secret recipients`.
 * `key` is `"db.password"`, `"tokens[0]"`, or `["a.b", "c"]` where names hold dots.
 */
secret.fromSops = (file: string, key: string | readonly (string | number)[]): SecretReference => {
  const text = readProjectFile(file, "encrypted file");
  const sops = loadSops();
  const format = sops.formatOf(file);
  if (format === undefined)
    throw new HavnError(`"${file}" is of no kind that SOPS reads`, {
      detail: "Its name ends with .yaml, .json, .env or .ini. For an age file write secret.age.",
      status: 400,
    });
  const path = sops.pathOf(key);
  const plain = sops.formatPath(path);
  const shown = JSON.stringify(sops.pathOf(plain)) === JSON.stringify(path) ? plain : JSON.stringify(path);
  const document = parsed(file, () => sops.parseSops(text, format));
  const id = sops.sealedValueId(document, path);
  if (id === undefined) throw noValue(file, shown, sops.listPaths(document));
  return sealedReference({ file, format, text }, `${file}#${shown}`, id);
};

/** The value of an armored age file, made with `havn secret encrypt` or `age --armor`; or that text itself. */
secret.age = (fileOrText: string): SecretReference => {
  const isText = fileOrText.trimStart().startsWith("-----BEGIN AGE ENCRYPTED FILE-----");
  const text = isText ? fileOrText : readProjectFile(fileOrText, "encrypted file");
  const { sealedFileId } = loadSops();
  const id = sealedFileId(text);
  const file = isText ? `age:${id.slice(0, 8)}` : fileOrText;
  return sealedReference({ file, format: "age", text }, file, id);
};

/** The encrypted files that references inside `value` need. */
export function sealedFilesOf(value: unknown): SealedFile[] {
  const ids = findReferences(value).flatMap((reference) =>
    "$secret" in reference && reference.sealed !== undefined ? [reference.sealed] : [],
  );
  const files = ids.flatMap((id) => sealedFiles.get(id) ?? []);
  return [...new Map(files.map((file) => [file.file, file])).values()];
}

function sealedReference(file: SealedFile, name: string, sealed: string): SecretReference {
  sealedFiles.set(sealed, file);
  return { $secret: name, sealed };
}

/** Only configurations that use SOPS pay for loading it. */
const loadSops = () =>
  createRequire(import.meta.url)("@havn/sops/document") as typeof import("@havn/sops/document");

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isHavnError(error)) throw error;
    throw new HavnError(`${file} cannot be used: ${error.message.replace(/^It /, "it ")}`, {
      detail: error.detail,
      status: 400,
    });
  }
}

/** By name: where the SDK is loaded as one file, what it loads at first use has a class of its own. */
const isHavnError = (error: unknown): error is HavnError =>
  error instanceof Error && error.name === "HavnError";

function noValue(file: string, key: string, keys: readonly string[]): HavnError {
  const closest = closestName(key, keys);
  const has = keys.length === 0 ? "It has none." : `It has: ${keys.slice(0, 20).join(", ")}.`;
  return new HavnError(`${file} has no value "${key}"`, {
    detail: closest === undefined ? has : `Did you mean "${closest}"? ${has}`,
    status: 400,
  });
}

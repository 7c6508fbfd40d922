import { runInNewContext } from "node:vm";
import { HavnError } from "@havn/model";
import type { SopsMetadata } from "./document.ts";

/** Whether SOPS encrypted the value at a path by its file's rules; undefined where comments decided. */
export type EncryptionRule = (path: readonly string[]) => boolean | undefined;

/** The rule of a file in which `names` are all keys that there are. Throws a HavnError (400) for one that is unfit. */
export function encryptionRule(metadata: SopsMetadata, names: ReadonlySet<string>): EncryptionRule {
  if (metadata.byComments) return () => undefined;
  const { unencryptedSuffix, encryptedSuffix, unencryptedRegex, encryptedRegex } = metadata;
  const plainNames = unencryptedRegex === "" ? undefined : matching(unencryptedRegex, names);
  const encryptedNames = encryptedRegex === "" ? undefined : matching(encryptedRegex, names);
  return (path) => {
    let encrypted = true;
    if (unencryptedSuffix !== "" && path.some((part) => part.endsWith(unencryptedSuffix))) encrypted = false;
    if (encryptedSuffix !== "") encrypted = path.some((part) => part.endsWith(encryptedSuffix));
    if (plainNames && path.some((part) => plainNames.has(part))) encrypted = false;
    if (encryptedNames) encrypted = path.some((part) => encryptedNames.has(part));
    return encrypted;
  };
}

export const isEncrypted = (value: unknown): boolean =>
  typeof value === "string" && /^ENC\[AES256_GCM,.*\]$/.test(value);

const longestPattern = 1000;
const patienceMs = 1000;

/** What Go's regular expressions have and JavaScript's do not, or mean otherwise. */
const otherThanGo = /\[\[:|\\[AzQEpPC]|\(\?[P<]/;

/**
 * The names that a pattern matches. SOPS' engine takes time in proportion to the text; JavaScript's may take forever, and
 * the pattern comes with a file from outside: all names are tried in one go that is stopped when it takes too long.
 */
function matching(pattern: string, names: ReadonlySet<string>): ReadonlySet<string> {
  // Go writes flags at the beginning: `(?i)^(data|stringData)$`.
  const [, flags = "", rest = ""] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? [];
  if (pattern.length > longestPattern) throw unfit(`${pattern.slice(0, 40)}…`, "is too long");
  if (otherThanGo.test(rest)) throw unfit(pattern, "is no regular expression that Havn understands");
  try {
    new RegExp(rest, flags);
  } catch {
    throw unfit(pattern, "is no regular expression that Havn understands");
  }
  const given = JSON.stringify({ rest, flags, names: [...names] });
  const code =
    "(({ rest, flags, names }) => { const regex = new RegExp(rest, flags); " +
    "return JSON.stringify(names.filter((name) => regex.test(name))); })(JSON.parse(given))";
  try {
    const found = runInNewContext(code, { given }, { timeout: patienceMs }) as string;
    return new Set(JSON.parse(found) as string[]);
  } catch {
    throw unfit(pattern, "takes too long to evaluate");
  }
}

const unfit = (pattern: string, why: string): HavnError =>
  new HavnError(`Its rule "${pattern}" ${why}`, {
    detail: "Correct encrypted_regex or unencrypted_regex in its `sops` part with SOPS.",
    status: 400,
  });

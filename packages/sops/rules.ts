import { HavnError } from "@havn/model";
import type { SopsMetadata } from "./document.ts";

/** Whether SOPS encrypted the value at a path by the file's rules; undefined where comments decided. */
export function mustBeEncrypted(metadata: SopsMetadata, path: readonly string[]): boolean | undefined {
  if (metadata.byComments) return undefined;
  const { unencryptedSuffix, encryptedSuffix, unencryptedRegex, encryptedRegex } = metadata;
  let encrypted = true;
  if (unencryptedSuffix !== "" && path.some((part) => part.endsWith(unencryptedSuffix))) encrypted = false;
  if (encryptedSuffix !== "") encrypted = path.some((part) => part.endsWith(encryptedSuffix));
  if (unencryptedRegex !== "" && path.some(matches(unencryptedRegex))) encrypted = false;
  if (encryptedRegex !== "") encrypted = path.some(matches(encryptedRegex));
  return encrypted;
}

export const isEncrypted = (value: unknown): boolean =>
  typeof value === "string" && /^ENC\[AES256_GCM,.*\]$/.test(value);

/** Go writes flags at the beginning: `(?i)^(data|stringData)$`. */
function matches(pattern: string): (part: string) => boolean {
  const [, flags = "", rest = ""] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? [];
  try {
    const regex = new RegExp(rest, flags);
    return (part) => regex.test(part);
  } catch {
    throw new HavnError(`Its rule "${pattern}" is no regular expression that Havn understands`, {
      detail: "Correct encrypted_regex or unencrypted_regex in its `sops` part with SOPS.",
      status: 400,
    });
  }
}

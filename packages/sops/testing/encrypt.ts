import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { encryptAge } from "../age.ts";

type Value = string | number | boolean;

interface EncryptOptions {
  recipients: readonly string[];
  macOnlyEncrypted?: boolean;
  /** Which values to leave as they are; told to readers by what `metadata` adds. */
  isPlain?: (path: readonly string[]) => boolean;
  /** Further lines of the `sops` part: `encrypted_regex: ^data$`. */
  metadata?: string;
  /** Stands above the first value. */
  comment?: string;
}

/**
 * A YAML file as SOPS' specification says, written from that and not from the code that reads it: where SOPS itself is
 * not at hand, this makes what its options would. Nested objects only; lists are texts of their own.
 */
export async function encryptYaml(
  values: Readonly<Record<string, Value | Record<string, Value>>>,
  {
    recipients,
    macOnlyEncrypted = false,
    isPlain = () => false,
    metadata = "",
    comment = "",
  }: EncryptOptions,
): Promise<string> {
  const dataKey = randomBytes(32);
  const mac = createHash("sha512");
  if (macOnlyEncrypted) mac.update(createHash("sha256").update("sops").digest());
  const line = (indent: string, path: string[], value: Value): string => {
    const plain = isPlain(path) || value === "";
    if (!plain || !macOnlyEncrypted) mac.update(bytesOf(value));
    return `${indent}${path.at(-1)}: ${plain ? JSON.stringify(value) : seal(dataKey, value, `${path.join(":")}:`)}\n`;
  };
  let text = comment === "" ? "" : `# ${comment}\n`;
  for (const [key, value] of Object.entries(values))
    text +=
      typeof value === "object"
        ? `${key}:\n${Object.entries(value)
            .map(([inner, one]) => line("    ", [key, inner], one))
            .join("")}`
        : line("", [key], value);
  const modified = "2026-11-23T06:00:00Z";
  const sealedMac = seal(dataKey, mac.digest("hex").toUpperCase(), modified);
  text += `sops:\n    age:\n`;
  for (const recipient of recipients) {
    const enc = await encryptAge(dataKey, [recipient]);
    text += `        - recipient: ${recipient}\n          enc: |\n${enc.trim().replaceAll(/^/gm, "            ")}\n`;
  }
  text += `    lastmodified: "${modified}"\n    mac: ${sealedMac}\n    version: 3.11.0\n`;
  if (macOnlyEncrypted) text += "    mac_only_encrypted: true\n";
  return metadata === "" ? text : `${text}    ${metadata}\n`;
}

function bytesOf(value: Value): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string" || Number.isInteger(value)) return String(value);
  return value.toFixed(20).replace(/0+$/, "");
}

function seal(key: Buffer, value: Value, boundTo: string): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(boundTo));
  const data = Buffer.concat([cipher.update(bytesOf(value)), cipher.final()]);
  const type =
    typeof value === "boolean"
      ? "bool"
      : typeof value === "string"
        ? "str"
        : Number.isInteger(value)
          ? "int"
          : "float";
  const part = (bytes: Buffer) => bytes.toString("base64");
  return `ENC[AES256_GCM,data:${part(data)},iv:${part(iv)},tag:${part(cipher.getAuthTag())},type:${type}]`;
}

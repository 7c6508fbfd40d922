import { type InventoryItem, isReference, type SecretReference } from "@havn/model";

/** A value that must not stand in a configuration, and what it is called in the control plane's store. */
export interface HiddenSecret {
  name: string;
  value: string;
  /** Whose it is, for a person: "/etc/ssl/private/shop.key". */
  of: string;
}

export interface Hidden {
  items: InventoryItem[];
  secrets: HiddenSecret[];
  /** Those whose content no secret can be, as it is no text: they are declared without it. */
  bare: string[];
}

/** Items with references in place of what looks like keys and passwords. Rather too much is hidden than too little. */
export function hideSecrets(host: string, items: readonly InventoryItem[]): Hidden {
  const hidden: Hidden = { items: [], secrets: [], bare: [] };
  const taken = new Set<string>();
  const hide = (of: string, value: string): SecretReference => {
    const name = freeName(`adopted-${host}-${of}`, taken);
    hidden.secrets.push({ name, value, of });
    // Never generated: nobody would know the value that the host had.
    return { $secret: name, given: true };
  };
  for (const item of items) hidden.items.push(hideIn(item, hide, hidden.bare));
  return hidden;
}

function hideIn(
  item: InventoryItem,
  hide: (of: string, value: string) => unknown,
  bare: string[],
): InventoryItem {
  const { type, name } = item;
  const { content, base64, passwordHash, dropIns, ...rest } = item.properties;
  const properties: Record<string, unknown> = { ...item.properties };
  if (typeof passwordHash === "string") properties.passwordHash = hide(`password of ${name}`, passwordHash);
  if (typeof content === "string" && looksSecret(name, content)) properties.content = hide(name, content);
  if (typeof base64 === "string" && isSecretPath(name)) {
    bare.push(name);
    return { ...item, properties: { ...rest, touch: true } };
  }
  if (type === "systemd.unit" && typeof dropIns === "object" && dropIns !== null)
    properties.dropIns = Object.fromEntries(
      Object.entries(dropIns).map(([key, text]) => [
        key,
        typeof text === "string" && looksSecret(key, text) ? hide(`${name} ${key}`, text) : text,
      ]),
    );
  return { ...item, properties };
}

/** Places that hold keys and passwords whatever is in them. */
const secretPaths =
  /(^|\/)(\.pgpass|\.my\.cnf|\.netrc|\.?htpasswd|auth\.conf|[^/]+\.(key|keytab|p12|pfx|jks)|id_(rsa|dsa|ecdsa|ed25519)|(chap|pap)-secrets|(ipsec|rndc)\.secrets?)$|\/(private|secrets?)\//i;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY/;
/** A name that speaks of a secret, then a value: `password = hunter2`, `"api_key": "…"`, `TOKEN: …`. */
const assignment =
  /^[^#;\n]*?(?<!no)(password|passwd|passphrase|pass|secret|token|api[_-]?key|access[_-]?key|credentials?)["']?\s*[:=]\s*["']?(?!(?:true|false|yes|no|none|null|files)\b)[^\s"'$<{%]{4,}/im;
/** https://user:password@host */
const inAddress = /[a-z][a-z0-9+.-]{0,30}:\/\/[^/\s:@"']{1,300}:[^/\s@"'$<{%]{3,300}@/i;

const isSecretPath = (path: string): boolean => secretPaths.test(path) && !path.endsWith(".pub");

export function looksSecret(path: string, text: string): boolean {
  if (text === "" || path === "/etc/nsswitch.conf") return false;
  if (/-----BEGIN (PGP PUBLIC KEY BLOCK|CERTIFICATE)/.test(text) && !privateKey.test(text)) return false;
  return isSecretPath(path) || privateKey.test(text) || assignment.test(text) || inAddress.test(text);
}

/** As names of secrets are written; one that is taken gets a number. */
function freeName(wanted: string, taken: Set<string>): string {
  const plain = wanted
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}-${number}`;
  taken.add(name);
  return name;
}

export const holdsSecret = (value: unknown): boolean => isReference(value) && "$secret" in value;

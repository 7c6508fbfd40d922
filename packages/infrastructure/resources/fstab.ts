import { literal } from "./lines.ts";

/** One line of /etc/fstab, unescaped. */
export interface FstabEntry {
  device: string;
  path: string;
  type: string;
  options: string;
  dump: number;
  pass: number;
}

const escapeSpaces = (text: string) =>
  text.replace(/[\s\\]/g, (found) => `\\${found.charCodeAt(0).toString(8).padStart(3, "0")}`);
export const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export const formatFstab = ({ device, path, type, options, dump, pass }: FstabEntry): string =>
  [escapeSpaces(device), escapeSpaces(path), type, escapeSpaces(options), dump, pass].join(" ");

/** Undefined for comments and what is no entry. */
export function parseFstab(line: string): FstabEntry | undefined {
  const [device = "", path, type, options = "defaults", dump = 0, pass = 0] = line.trim().split(/\s+/);
  if (device === "" || device.startsWith("#") || !path || !type) return undefined;
  return {
    device: unescapeOctal(device),
    path: unescapeOctal(path),
    type,
    options: unescapeOctal(options),
    dump: Number(dump),
    pass: Number(pass),
  };
}

/** Finds the entries of a mount point. */
export const mountPattern = (path: string): string =>
  `^\\s*[^#\\s]\\S*\\s+${literal(escapeSpaces(path))}(\\s|$)`;

/** Finds the entries of a swap area. */
export const swapPattern = (device: string): string =>
  `^\\s*${literal(escapeSpaces(device))}\\s+\\S+\\s+swap(\\s|$)`;

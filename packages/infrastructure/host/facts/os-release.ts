export type OsRelease = {
  [name: string]: string | undefined;
  ID?: string;
  ID_LIKE?: string;
  VERSION_ID?: string;
  VERSION_CODENAME?: string;
  PRETTY_NAME?: string;
};

/** os-release(5): shell assignments, quoted or not. */
export function parseOsRelease(text: string): OsRelease {
  const values: OsRelease = {};
  for (const [, name = "", value = ""] of text.matchAll(/^([A-Z_]+)=(.*)$/gm))
    values[name] = value.replace(/^(["'])(.*)\1$/, "$2");
  return values;
}

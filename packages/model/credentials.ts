const userInfo = /\b[a-z][a-z0-9+.-]*:\/\/([^\s/?#@"']*)@/gi;

/** What addresses in a text hold in confidence: passwords as written and as meant, and both parts as HTTP sends them. */
export function credentialsIn(text: string): string[] {
  return [...text.matchAll(userInfo)].flatMap(([, given = ""]) => {
    const [user = "", ...rest] = given.split(":");
    const password = rest.join(":");
    const meant = [user, password].map(decoded);
    const sent = Buffer.from(meant.join(":")).toString("base64");
    // A name alone is a token.
    return password === "" ? [user, meant[0] ?? "", sent] : [password, meant[1] ?? "", sent];
  });
}

/** A text as it may be told: of addresses in it nobody's name and password. */
export const withoutCredentials = (text: string): string =>
  text.replace(userInfo, (whole, given: string) => whole.replace(`${given}@`, "***@"));

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export type Language = "en" | "nb";
export type Theme = "light" | "dark" | "system";

/** What the visitor chose before, else what the browser asks for. Storage may be forbidden: then it is not kept. */
export function preferredLanguage(): Language {
  const kept = read("havn.language");
  if (kept === "en" || kept === "nb") return kept;
  return navigator.languages.some((tag) => /^(nb|no|nn)\b/i.test(tag)) ? firstOf(navigator.languages) : "en";
}

function firstOf(tags: readonly string[]): Language {
  const first = tags.find((tag) => /^(en|nb|no|nn)\b/i.test(tag)) ?? "en";
  return /^en/i.test(first) ? "en" : "nb";
}

export function preferredTheme(): Theme {
  const kept = read("havn.theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may forbid it; the choice then lasts as long as the page.
  }
}

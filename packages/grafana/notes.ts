/** What could not be carried over, told once a kind and with the panels that it is about. */
export interface Notes {
  /** `say` gets how many panels, as words ("3 panels"), and whether it is one. */
  panel(kind: string, title: string, say: (panels: string, one: boolean) => string): void;
  add(sentence: string): void;
  all(): string[];
}

const mostNamed = 5;

export function createNotes(): Notes {
  const sentences: string[] = [];
  const kinds = new Map<string, { titles: string[]; say(panels: string, one: boolean): string }>();
  return {
    panel(kind, title, say) {
      const found = kinds.get(kind) ?? { titles: [], say };
      found.titles.push(title === "" ? "(without a title)" : title);
      kinds.set(kind, found);
    },
    add: (sentence) => void sentences.push(sentence),
    all: () => [...sentences, ...[...kinds.values()].map(({ titles, say }) => written(titles, say))],
  };
}

function written(titles: readonly string[], say: (panels: string, one: boolean) => string): string {
  const one = titles.length === 1;
  const named = titles.slice(0, mostNamed).map((title) => `"${title}"`);
  const rest = titles.length - named.length;
  return `${say(one ? "1 panel" : `${titles.length} panels`, one)}: ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** A piece of a text panel: what of Markdown such panels use, and nothing that could run. */
export type Block =
  | { kind: "heading"; level: number; text: Inline[] }
  | { kind: "paragraph"; text: Inline[] }
  | { kind: "list"; ordered: boolean; items: Inline[][] }
  | { kind: "code"; text: string }
  | { kind: "rule" };

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "strong" | "emphasis" | "code"; text: string }
  | { kind: "link"; text: string; href: string };

export function parseMarkdown(source: string): Block[] {
  const blocks: Block[] = [];
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const item = listItem(line);
    if (line.trim() === "") at += 1;
    else if (line.startsWith("```")) {
      const end = lines.findIndex((one, index) => index > at && one.startsWith("```"));
      const last = end === -1 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(at + 1, last).join("\n") });
      at = last + 1;
    } else if (heading) {
      blocks.push({ kind: "heading", level: heading[1]?.length ?? 1, text: parseInline(heading[2] ?? "") });
      at += 1;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      blocks.push({ kind: "rule" });
      at += 1;
    } else if (item) {
      const items: Inline[][] = [];
      for (
        let found = listItem(lines[at] ?? "");
        found?.ordered === item.ordered;
        found = listItem(lines[at] ?? "")
      ) {
        items.push(parseInline(found.text));
        at += 1;
      }
      blocks.push({ kind: "list", ordered: item.ordered, items });
    } else {
      const from = at;
      while (at < lines.length && (at === from || isPlain(lines[at] ?? ""))) at += 1;
      blocks.push({ kind: "paragraph", text: parseInline(lines.slice(from, at).join("\n")) });
    }
  }
  return blocks;
}

const isPlain = (line: string) => line.trim() !== "" && !/^(#{1,6}\s|```)/.test(line) && !listItem(line);

function listItem(line: string): { ordered: boolean; text: string } | undefined {
  const found = /^\s*(?:([-*+])|(\d+)[.)])\s+(.*)$/.exec(line);
  return found ? { ordered: found[2] !== undefined, text: found[3] ?? "" } : undefined;
}

const inline =
  /`([^`]+)`|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|\[([^\]]+)\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;

function parseInline(text: string): Inline[] {
  const pieces: Inline[] = [];
  let from = 0;
  for (const found of text.matchAll(inline)) {
    const [whole, code, strong, strongly, emphasis, emphatic, label, href] = found;
    if (found.index > from) pieces.push({ kind: "text", text: text.slice(from, found.index) });
    from = found.index + whole.length;
    if (code !== undefined) pieces.push({ kind: "code", text: code });
    else if (strong ?? strongly) pieces.push({ kind: "strong", text: strong ?? strongly ?? "" });
    else if (emphasis ?? emphatic) pieces.push({ kind: "emphasis", text: emphasis ?? emphatic ?? "" });
    else if (label !== undefined && href !== undefined && isSafe(href))
      pieces.push({ kind: "link", text: label, href });
    else pieces.push({ kind: "text", text: label ?? whole });
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

/** Only addresses that lead somewhere: nothing that would run as a script. */
export const isSafe = (href: string): boolean => /^(https?:\/\/|mailto:|\/(?!\/))/i.test(href);

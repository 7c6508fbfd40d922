const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** What HTML says, as lines of plain text. */
export function withoutMarkup(html: string): string {
  return withoutScripts(html)
    .replace(/<(br|\/p|\/div|\/h\d|\/li|\/tr)\b[^<>]*>/gi, "\n")
    .replace(/<[^<>]*>/g, "")
    .replace(/&(\w+);/g, (whole, name: string) =>
      Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole,
    )
    .replace(/[ \t]+/g, " ")
    .replace(/\n\s*\n+/g, "\n\n")
    .trim();
}

/** Read once from front to back: one expression for it would take a time that grows with the square of a hostile text. */
function withoutScripts(html: string): string {
  const kept: string[] = [];
  const mark = /<(\/?)(script|style)\b[^<>]*>?/gi;
  let from = 0;
  let open: string | undefined;
  for (const { 0: whole, 1: slash, 2: name = "", index } of html.matchAll(mark)) {
    const closes = slash === "/";
    if (open === undefined && !closes) {
      kept.push(html.slice(from, index));
      open = name.toLowerCase();
    } else if (closes && open === name.toLowerCase()) {
      open = undefined;
      from = index + whole.length;
    }
  }
  // What is never closed runs to the end, as in a browser.
  return open === undefined ? kept.join("") + html.slice(from) : kept.join("");
}

/** Names as people write many of them: `web-1, web-2, web-3, db` is `db, web-[1-3]`. */
export function foldNames(names: readonly string[]): string {
  const numbered = new Map<string, { digits: number; numbers: number[] }>();
  const folded: string[] = [];
  for (const name of names) {
    const [, before = "", digits = "", after = ""] = /^(.*?)(\d+)(\D*)$/.exec(name) ?? [];
    if (digits === "" || digits.length > 9) {
      folded.push(name);
      continue;
    }
    // With leading zeros the width is part of the name.
    const width = digits.startsWith("0") ? digits.length : 0;
    const key = JSON.stringify([before, after, width]);
    const found = numbered.get(key) ?? { digits: width, numbers: [] };
    numbered.set(key, found);
    found.numbers.push(Number(digits));
  }
  for (const [key, { digits, numbers }] of numbered) {
    const [before, after] = JSON.parse(key) as [string, string];
    const ranges = rangesOf(numbers, digits);
    const [only = ""] = ranges;
    folded.push(numbers.length === 1 ? `${before}${only}${after}` : `${before}[${ranges.join(",")}]${after}`);
  }
  return folded.sort().join(", ");
}

function rangesOf(numbers: readonly number[], digits: number): string[] {
  const sorted = [...new Set(numbers)].sort((left, right) => left - right);
  const text = (number: number) => String(number).padStart(digits, "0");
  const ranges: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    const [first = 0, last = 0] = [sorted[at], sorted[end]];
    ranges.push(first === last ? text(first) : `${text(first)}-${text(last)}`);
    at = end + 1;
  }
  return ranges;
}

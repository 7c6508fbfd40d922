/** Whether `text` fits `pattern`, where `*` is any text and `?` any character. Linear in both, whatever is written. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || (pattern[p] === text[t] && pattern[p] !== "*"))) {
      p++;
      t++;
    } else if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

export const isGlob = (pattern: string): boolean => /[*?]/.test(pattern);

const mostNames = 100_000;

/**
 * The names that a pattern with brackets stands for: `web-[1-3]`, `web-[01-10]` (as many digits), `[1-9:2]` (every
 * second), `[a-c]`, `[1,4,7-9]`. Both ends are inclusive. Returns what is wrong as text.
 */
export function expandRanges(pattern: string): string[] | { wrong: string } {
  let names = [""];
  for (const part of pattern.split(/(\[[^\]]*\])/)) {
    const values = part.startsWith("[") ? expandBracket(part.slice(1, -1)) : [part];
    if (!Array.isArray(values)) return values;
    if (names.length * values.length > mostNames) return { wrong: `stands for more than ${mostNames} names` };
    names = names.flatMap((name) => values.map((value) => name + value));
  }
  return names;
}

function expandBracket(inside: string): string[] | { wrong: string } {
  const values: string[] = [];
  for (const item of inside.split(",")) {
    const numbers = /^(\d+)[-:](\d+)(?::(\d+))?$/.exec(item.trim());
    const letters = /^([a-z])[-:]([a-z])$/i.exec(item.trim());
    if (numbers) {
      const [, first = "", last = "", step = "1"] = numbers;
      if (Number(last) < Number(first)) return { wrong: `counts backwards in [${inside}]` };
      if (Number(step) === 0) return { wrong: `counts in steps of 0 in [${inside}]` };
      if ((Number(last) - Number(first)) / Number(step) > mostNames)
        return { wrong: `stands for more than ${mostNames} names` };
      const digits = first.startsWith("0") && first.length > 1 ? first.length : 1;
      for (let n = Number(first); n <= Number(last); n += Number(step))
        values.push(String(n).padStart(digits, "0"));
    } else if (letters) {
      const [first = 0, last = 0] = [letters[1]?.charCodeAt(0), letters[2]?.charCodeAt(0)];
      if (last < first) return { wrong: `counts backwards in [${inside}]` };
      for (let code = first; code <= last; code++) values.push(String.fromCharCode(code));
    } else if (/^[A-Za-z0-9.-]+$/.test(item.trim()) && !item.includes("-")) values.push(item.trim());
    else return { wrong: `has [${inside}], which is no range such as [1-3] or [a,c]` };
  }
  return values;
}

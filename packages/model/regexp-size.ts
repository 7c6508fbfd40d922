/** States of what stands in an expression or group so far, and of its last piece. */
interface Level {
  sum: number;
  last: number;
}

const counted = /\{(\d{1,6})(?:,(\d{0,6}))?\}/y;
const escaped = /\\[pPx]\{[^{}]{0,60}\}|\\[\s\S]?/y;

/**
 * About how many states counted repetitions (`a{1,500}`) add to what an expression is as long as it is written: RE2 writes
 * each of them out. Read once from front to back; what RE2 refuses may count for anything.
 */
export function repeatedStates(source: string): number {
  if (!source.includes("{")) return 0;
  const outer: Level[] = [];
  let here: Level = { sum: 0, last: 0 };
  let written = 0;
  for (let at = 0; at < source.length; ) {
    const char = source[at];
    const repetition = char === "{" ? readAt(counted, source, at) : undefined;
    if (repetition) {
      const times = Math.max(1, Number(repetition[1]), Number(repetition[2] ?? 0));
      here.sum += here.last * (times - 1);
      here.last *= times;
      at += repetition[0].length;
    } else if (char === "(") {
      outer.push(here);
      here = { sum: 0, last: 0 };
      at++;
    } else if (char === ")") {
      // The group itself takes some too, though nothing may stand in it.
      const inside = here.sum + 1;
      here = outer.pop() ?? { sum: 0, last: 0 };
      here = { sum: here.sum + inside, last: inside };
      written++;
      at++;
    } else {
      here = { sum: here.sum + 1, last: 1 };
      written++;
      at = endOfPiece(source, at);
    }
  }
  return outer.reduce((sum, level) => sum + level.sum, here.sum) - written;
}

function endOfPiece(source: string, at: number): number {
  if (source.startsWith("\\Q", at)) {
    const end = source.indexOf("\\E", at);
    return end < 0 ? source.length : end + 2;
  }
  if (source[at] === "\\") return at + (readAt(escaped, source, at)?.[0].length ?? 1);
  return source[at] === "[" ? endOfClass(source, at) : at + 1;
}

/** Behind the bracket that closes it; a bracket that stands first is one of its letters. */
function endOfClass(source: string, from: number): number {
  let at = from + 1;
  if (source[at] === "^") at++;
  if (source[at] === "]") at++;
  for (; at < source.length && source[at] !== "]"; at++) {
    if (source[at] === "\\") at++;
    else if (source.startsWith("[:", at)) {
      const end = source.slice(at, at + 20).indexOf(":]");
      if (end > 0) at += end + 1;
    }
  }
  return at + 1;
}

function readAt(shape: RegExp, source: string, at: number): RegExpExecArray | undefined {
  shape.lastIndex = at;
  return shape.exec(source) ?? undefined;
}

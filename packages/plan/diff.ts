type Edit = { kind: " " | "-" | "+"; line: string };

/** Past this many differing lines the middle is shown as replaced whole: a person reads no such diff anyway. */
const maxEdits = 600;

/**
 * The difference of two texts as in `diff -u` without its file names; "" for equal texts. Hunks have three lines of
 * context; a last line without its newline is followed by `\ No newline at end of file`.
 */
export function unifiedDiff(before: string, after: string, context = 3): string {
  if (before === after) return "";
  return formatHunks(diffLines(splitLines(before), splitLines(after)), context);
}

const splitLines = (text: string): string[] => (text === "" ? [] : text.split(/(?<=\n)/));

/** A shortest edit script (Myers 1986, greedy forward) over lines, common head and tail set aside first. */
export function diffLines(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  const kept = (line: string): Edit => ({ kind: " ", line });
  return [
    ...before.slice(0, head).map(kept),
    ...diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(kept),
  ];
}

function diffMiddle(before: readonly string[], after: readonly string[]): Edit[] {
  const trace = findTrace(before, after);
  if (!trace)
    return [
      ...before.map((line): Edit => ({ kind: "-", line })),
      ...after.map((line): Edit => ({ kind: "+", line })),
    ];
  const edits: Edit[] = [];
  let x = before.length;
  let y = after.length;
  for (let depth = trace.length - 1; depth >= 0; depth--) {
    const reached = trace[depth] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = goesDown(reached, diagonal, depth);
    const startX = depth === 0 ? 0 : (reached.get(diagonal + (down ? 1 : -1)) ?? 0);
    const startY = depth === 0 ? 0 : startX - (diagonal + (down ? 1 : -1));
    const afterStepX = depth === 0 ? 0 : down ? startX : startX + 1;
    for (; x > afterStepX; x--, y--) edits.push({ kind: " ", line: before[x - 1] ?? "" });
    if (depth === 0) break;
    if (down) edits.push({ kind: "+", line: after[startY] ?? "" });
    else edits.push({ kind: "-", line: before[startX] ?? "" });
    x = startX;
    y = startY;
  }
  return edits.reverse();
}

const goesDown = (reached: Map<number, number>, diagonal: number, depth: number): boolean =>
  diagonal === -depth ||
  (diagonal !== depth && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1));

/** For each number of edits, how far in `before` each diagonal had come before it; undefined past `maxEdits`. */
function findTrace(before: readonly string[], after: readonly string[]): Map<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  const reached = new Map<number, number>([[1, 0]]);
  for (let depth = 0; depth <= before.length + after.length; depth++) {
    if (depth > maxEdits) return undefined;
    trace.push(new Map(reached));
    for (let diagonal = -depth; diagonal <= depth; diagonal += 2) {
      let x = goesDown(reached, diagonal, depth)
        ? (reached.get(diagonal + 1) ?? 0)
        : (reached.get(diagonal - 1) ?? 0) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++;
      reached.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return trace;
    }
  }
  return trace;
}

function formatHunks(edits: readonly Edit[], context: number): string {
  let text = "";
  let beforeLine = 1;
  let afterLine = 1;
  let at = 0;
  while (at < edits.length) {
    const first = edits.findIndex((edit, index) => index >= at && edit.kind !== " ");
    if (first < 0) break;
    const from = Math.max(at, first - context);
    beforeLine += from - at;
    afterLine += from - at;
    const to = endOfHunk(edits, first, context);
    const hunk = edits.slice(from, to);
    const removed = hunk.filter(({ kind }) => kind !== "+").length;
    const added = hunk.filter(({ kind }) => kind !== "-").length;
    text += `@@ -${range(beforeLine, removed)} +${range(afterLine, added)} @@\n${hunk.map(formatEdit).join("")}`;
    beforeLine += removed;
    afterLine += added;
    at = to;
  }
  return text;
}

/** Where the hunk that changes at `first` ends: changes less than two contexts apart share one. */
function endOfHunk(edits: readonly Edit[], first: number, context: number): number {
  let last = first;
  for (let index = first; index < edits.length && index - last <= 2 * context; index++)
    if (edits[index]?.kind !== " ") last = index;
  return Math.min(edits.length, last + 1 + context);
}

const range = (line: number, count: number) =>
  count === 1 ? `${line}` : `${count === 0 ? line - 1 : line},${count}`;

const formatEdit = ({ kind, line }: Edit) =>
  line.endsWith("\n") ? kind + line : `${kind}${line}\n\\ No newline at end of file\n`;

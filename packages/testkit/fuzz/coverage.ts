import { type Profiler, Session } from "node:inspector";

/** [from, to) in the text of a script. */
type Interval = readonly [from: number, to: number];

/** One for the process: what is compiled while nobody counts would be counted by whole functions only. */
let counting: Session | undefined;

function session(): Session {
  if (counting) return counting;
  counting = new Session();
  counting.connect();
  post("Profiler.enable");
  post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return counting;
}

/** Calls of the session answer at once, through their callback. */
function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session().post(method, parameters, (error: Error | null, result?: object) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}

/** Which code of this checkout has run so far, block by block, as V8 counts it (node:inspector's precise coverage). */
export class Coverage {
  /** Of each function that has run: what of it never did. */
  readonly #never = new Map<string, Interval[]>();

  /** Forgets what ran since the last look, as what nobody asked about. */
  skip(): void {
    post("Profiler.takePreciseCoverage");
  }

  /** Whether something ran since the last look that had never run; with `keep`, it has from now on. */
  isNew(keep: boolean): boolean {
    const { result } = post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType;
    let found = false;
    for (const { url, functions } of result) {
      if (!url.includes("/packages/") || /\/node_modules\/|\/testkit\/|\.test\.ts$/.test(url)) continue;
      for (const { ranges } of functions) {
        const [whole, ...blocks] = ranges;
        if (!whole || whole.count === 0) continue;
        const key = `${url}:${whole.startOffset}-${whole.endOffset}`;
        const missed = leavesOut(blocks);
        const before = this.#never.get(key);
        const left = before ? intersection(before, missed) : missed;
        if (before && lengthOf(left) === lengthOf(before)) continue;
        found = true;
        if (keep) this.#never.set(key, left);
      }
    }
    return found;
  }
}

/** The blocks that did not run, without those that ran inside of them. They come nested, outer ones first. */
function leavesOut(blocks: readonly Profiler.CoverageRange[]): Interval[] {
  let missed: Interval[] = [];
  for (const { startOffset, endOffset, count } of blocks)
    missed =
      count === 0
        ? union(missed, [startOffset, endOffset])
        : missed.flatMap(([from, to]): Interval[] =>
            [[from, Math.min(to, startOffset)] as const, [Math.max(from, endOffset), to] as const].filter(
              ([start, end]) => start < end,
            ),
          );
  return missed;
}

function union(intervals: readonly Interval[], [from, to]: Interval): Interval[] {
  const apart = intervals.filter(([start, end]) => end < from || start > to);
  const touching = intervals.filter(([start, end]) => end >= from && start <= to);
  const merged: Interval = [
    Math.min(from, ...touching.map(([start]) => start)),
    Math.max(to, ...touching.map(([, end]) => end)),
  ];
  return [...apart, merged].sort(([a], [b]) => a - b);
}

function intersection(one: readonly Interval[], other: readonly Interval[]): Interval[] {
  return one.flatMap(([from, to]) =>
    other.flatMap(([start, end]): Interval[] => {
      const common: Interval = [Math.max(from, start), Math.min(to, end)];
      return common[0] < common[1] ? [common] : [];
    }),
  );
}

const lengthOf = (intervals: readonly Interval[]) =>
  intervals.reduce((sum, [from, to]) => sum + to - from, 0);

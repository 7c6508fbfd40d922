import type { Clock } from "@havn/model";
import type { Expr, Matcher } from "@havn/promql";
import { type Need, needsOf, selectorText } from "./needs.ts";

export interface UnmatchedOptions {
  clock: Clock;
  /** Whether any series matched within the range. Times in milliseconds since the epoch. */
  hasSeries(
    matchers: readonly Matcher[],
    range: { start: number; end: number },
    signal: AbortSignal,
  ): Promise<boolean>;
  log(message: string): void;
}

export interface Watched {
  /** Tells the rule from all others. */
  id: string;
  expr: Expr;
}

/** Finds rules whose selectors match nothing: a name with a mistake in it never fires. */
export interface Unmatched {
  /** Looks again where it is time. Asks a bounded number of questions. */
  tick(rules: readonly Watched[], signal: AbortSignal): Promise<void>;
  /** What is wrong with a rule, a sentence for each selector; nothing where all is well or not known yet. */
  of(id: string): readonly string[];
}

/** Series of the last day count: what is written once a night matches. */
const lookedBackMs = 86_400_000;
/** What was declared just now may get its series yet. */
const patienceMs = 600_000;
const againMs = 1_800_000;
/** What has matched is looked at rarely. */
const matchedAgainMs = 6 * 3_600_000;
const questionsATick = 100;

interface Known {
  since: number;
  checkedAt: number;
  fault: string | undefined;
}

export function createUnmatched({ clock, hasSeries, log }: UnmatchedOptions): Unmatched {
  /** By what is needed: many rules need the same. */
  let known = new Map<string, Known>();
  /** By rule: of twenty thousand, few have any. */
  let faults = new Map<string, string[]>();
  const parsed = new WeakMap<Expr, { key: string; need: Need }[]>();
  let failed = false;

  const needsWithKeys = (expr: Expr) => {
    const before = parsed.get(expr);
    if (before) return before;
    const found = needsOf(expr).map((need) => ({ key: JSON.stringify(need), need }));
    parsed.set(expr, found);
    return found;
  };

  async function faultOf(need: Need, now: number, signal: AbortSignal): Promise<string | undefined> {
    const range = { start: now - lookedBackMs, end: now };
    for (const matchers of need) if (await hasSeries(matchers, range, signal)) return undefined;
    const [first = []] = need;
    const texts = need.map(selectorText).join(" nor ");
    const named = first.filter(({ name }) => name === "__name__" || name === "env");
    const hasName = named.some(({ name, operator }) => name === "__name__" && operator === "=");
    if (need.length > 1 || !hasName || named.length === first.length)
      return `no series has matched ${texts} within a day`;
    const some = await hasSeries(named, range, signal);
    return some
      ? `no series has matched ${texts} within a day; ${selectorText(named)} exists with other labels`
      : `no series has matched ${texts} within a day; there is no ${selectorText(named)} at all`;
  }

  return {
    async tick(rules, signal) {
      const now = clock.now();
      const next = new Map<string, Known>();
      const due: { key: string; need: Need; one: Known }[] = [];
      const needed = new Map<string, string[]>();
      for (const { id, expr } of rules) {
        const needs = needsWithKeys(expr);
        needed.set(
          id,
          needs.map(({ key }) => key),
        );
        for (const { key, need } of needs) {
          if (next.has(key)) continue;
          const one = known.get(key) ?? { since: now, checkedAt: 0, fault: undefined };
          next.set(key, one);
          const again = one.checkedAt === 0 ? 0 : one.fault ? againMs : matchedAgainMs;
          if (now - one.since >= patienceMs && now - one.checkedAt >= again) due.push({ key, need, one });
        }
      }
      known = next;
      due.sort((left, right) => left.one.checkedAt - right.one.checkedAt);
      try {
        for (const { need, one } of due.slice(0, questionsATick)) {
          one.fault = await faultOf(need, now, signal);
          one.checkedAt = now;
        }
        failed = false;
      } catch (cause) {
        if (signal.aborted) return;
        if (!failed)
          log(
            `rules that match nothing are looked for later: ${cause instanceof Error ? cause.message : cause}`,
          );
        failed = true;
      }
      faults = new Map();
      for (const [id, keys] of needed) {
        const own = keys.flatMap((key) => known.get(key)?.fault ?? []);
        if (own.length > 0) faults.set(id, own);
      }
    },
    of: (id) => faults.get(id) ?? [],
  };
}

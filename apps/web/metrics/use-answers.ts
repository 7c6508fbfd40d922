import { useEffect, useState } from "preact/hooks";
import { useApplication } from "../kit/context.ts";
import type { Answer } from "./answer.ts";
import { type Ask, ask, askExemplars } from "./ask.ts";
import { askMarks, type MarkKind } from "./marks.ts";
import type { ExemplarPoint, Mark } from "./plot-options.ts";
import type { Window } from "./window.ts";

export interface Asked {
  /** The same window for all of them: answers of another one are not drawn beside these. */
  window: Window;
  answers: (Answer | undefined)[];
  failures: unknown[];
}

export interface AnswersState {
  asked: Asked | undefined;
  running: boolean;
  cancelled: boolean;
  cancel(): void;
}

/**
 * Asks all `exprs` at once, anew whenever `key` changes. What was shown stays until the new answers are there. An
 * undefined expression is not asked.
 */
export function useAnswers(
  given: { key: string; exprs: readonly (string | undefined)[]; instant: boolean },
  windowNow: () => Window,
): AnswersState {
  const { api } = useApplication();
  const [asked, setAsked] = useState<Asked>();
  const [under, setUnder] = useState<AbortController>();
  const [cancelled, setCancelled] = useState(false);
  useEffect(() => {
    const stopping = new AbortController();
    const window = windowNow();
    setUnder(stopping);
    setCancelled(false);
    const one = (expr: string | undefined) => {
      if (expr === undefined) return undefined;
      const question: Ask = { expr, at: given.instant ? window.end : window };
      return ask(api, question, stopping.signal);
    };
    void Promise.allSettled(given.exprs.map(one)).then((results) => {
      if (stopping.signal.aborted) return;
      setUnder(undefined);
      setAsked({
        window,
        answers: results.map((result) => (result.status === "fulfilled" ? result.value : undefined)),
        failures: results.map((result) => (result.status === "rejected" ? result.reason : undefined)),
      });
    });
    return () => stopping.abort();
  }, [given.key]);
  return {
    ...{ asked, cancelled, running: under !== undefined },
    cancel() {
      under?.abort();
      setUnder(undefined);
      setCancelled(true);
    },
  };
}

/** What happened in the window; nothing where it cannot be had: the graph is worth seeing without it. */
export function useMarks(
  window: Window | undefined,
  { kinds, environment }: { kinds: readonly MarkKind[]; environment: string | undefined },
): Mark[] {
  const { api } = useApplication();
  const [marks, setMarks] = useState<Mark[]>([]);
  useEffect(() => {
    if (!window || kinds.length === 0) return setMarks([]);
    const stopping = new AbortController();
    askMarks(api, { kinds, environment, window }, stopping.signal).then(setMarks, () => undefined);
    return () => stopping.abort();
  }, [window?.start, window?.end, kinds.join(), environment]);
  return marks;
}

export function useExemplars(
  window: Window | undefined,
  { exprs, wanted }: { exprs: readonly string[]; wanted: boolean },
): ExemplarPoint[] {
  const { api } = useApplication();
  const [points, setPoints] = useState<ExemplarPoint[]>([]);
  useEffect(() => {
    if (!window || !wanted) return setPoints([]);
    const stopping = new AbortController();
    Promise.all(exprs.map((expr) => askExemplars(api, { expr, window }, stopping.signal))).then(
      (found) => setPoints(found.flat()),
      () => undefined,
    );
    return () => stopping.abort();
  }, [window?.start, window?.end, exprs.join("\n"), wanted]);
  return points;
}

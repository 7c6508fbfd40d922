import type { DashboardProperties } from "@havn/model";
import { useEffect, useState } from "preact/hooks";

interface Steps {
  past: DashboardProperties[];
  now: DashboardProperties;
  future: DashboardProperties[];
}

export interface Editing {
  /** What is being made; undefined while it is only looked at. */
  draft: DashboardProperties | undefined;
  changed: boolean;
  start(from: DashboardProperties): void;
  change(next: DashboardProperties): void;
  undo: (() => void) | undefined;
  redo: (() => void) | undefined;
  end(): void;
}

const mostSteps = 200;

/** A draft with its way back and forth. Whoever leaves the page with one is asked. */
export function useEditing(): Editing {
  const [steps, setSteps] = useState<Steps>();
  const changed = steps !== undefined && steps.past.length > 0;
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [changed]);
  const back = steps?.past.at(-1);
  const [forth] = steps?.future ?? [];
  return {
    ...{ draft: steps?.now, changed },
    start: (from) => setSteps({ past: [], now: from, future: [] }),
    change: (next) =>
      setSteps(
        (before) => before && { past: [...before.past, before.now].slice(-mostSteps), now: next, future: [] },
      ),
    undo:
      back &&
      (() =>
        setSteps((at) => at && { past: at.past.slice(0, -1), now: back, future: [at.now, ...at.future] })),
    redo:
      forth &&
      (() => setSteps((at) => at && { past: [...at.past, at.now], now: forth, future: at.future.slice(1) })),
    end: () => setSteps(undefined),
  };
}

import type { DashboardPanel } from "@havn/model";
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Answer } from "../metrics/answer.ts";
import { type Window, windowOf, writeSeconds } from "../metrics/window.ts";
import { useBoard } from "./context.ts";
import { fillIn, rangeVariables, type Variables } from "./template.ts";

export interface PanelAsked {
  window: Window;
  /** In the order of the queries; undefined where one is hidden or failed. */
  answers: (Answer | undefined)[];
  failure: unknown;
}

export interface PanelState {
  /** The newest that is there; what is shown stays until newer answers come. */
  asked: PanelAsked | undefined;
  running: boolean;
  /** Expressions as they are asked. */
  exprs: (string | undefined)[];
  window: Window;
  /** The panel's variables, and those of its range. */
  variables: Variables;
  retry(): void;
}

const points = { wide: 240, narrow: 120 };

/** Asks what a panel shows once it is seen, and anew when what it asks changes. Out of sight it asks for nothing more. */
export function usePanel(
  panel: DashboardPanel,
  given: { variables: Variables; visible: boolean; wide: boolean },
): PanelState {
  const { asker, time, now } = useBoard();
  const [asked, setAsked] = useState<{ key: string; asked: PanelAsked }>();
  const [round, setRound] = useState(0);
  const least = useMemo(() => intervalOf(panel.interval), [panel.interval]);
  const window = windowOf(time, { now, points: given.wide ? points.wide : points.narrow, least });
  const variables: Variables = new Map([...given.variables, ...rangeVariables(window, writeSeconds)]);
  const queries = panel.queries ?? [];
  const exprs = queries.map(({ expr, hidden }) => (hidden ? undefined : fillIn(expr, variables)));
  const instants = queries.map(({ instant }) => instant === true || panel.kind === "table");
  const key = JSON.stringify([exprs, instants, window, round]);
  const wanted = given.visible && asked?.key !== key && exprs.some(Boolean);
  useEffect(() => {
    if (!wanted) return;
    const stopping = new AbortController();
    const questions = exprs.map((expr, at) =>
      expr === undefined
        ? undefined
        : asker.ask({ expr, at: instants[at] ? window.end : window }, stopping.signal),
    );
    void Promise.allSettled(questions).then((results) => {
      if (stopping.signal.aborted) return;
      const answers = results.map((one) => (one.status === "fulfilled" ? one.value : undefined));
      const failure = results.find((one) => one.status === "rejected")?.reason;
      setAsked({ key, asked: { window, answers, failure } });
    });
    return () => stopping.abort();
  }, [key, wanted]);
  return {
    ...{ asked: asked?.asked, running: wanted, exprs, window, variables },
    retry: () => setRound((before) => before + 1),
  };
}

function intervalOf(interval: string | undefined): number | undefined {
  const found = interval === undefined ? null : /^(\d+)([smhd])$/.exec(interval);
  return found ? Number(found[1]) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[found[2] ?? "s"] ?? 1) : undefined;
}

/** Whether an element is in sight, or nearly. */
export function useVisible(element: RefObject<HTMLElement | null>): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => setVisible(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: "200px 0px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return visible;
}

/** Height of an element in pixels, 0 before it is known. */
export function useHeight() {
  const element = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (!current) return;
    const measure = () => setHeight(Math.floor(current.clientHeight));
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    measure();
    return () => observer.disconnect();
  }, []);
  return { element, height };
}

import { useEffect, useState } from "preact/hooks";
import type { PrometheusSeries } from "./api.ts";
import { useApplication } from "./context.ts";

export const refreshMs = 5000;

/** A label matcher's value, quoted as PromQL wants it. */
export const quoted = (text: string): string => JSON.stringify(text);

/** Newest values of `expr`, by the label `by`; asked again while the page is seen. Undefined until the first answer. */
export function useValues(expr: string, by: string): Map<string, number> | undefined {
  const { api } = useApplication();
  const [values, setValues] = useState<Map<string, number>>();
  useEffect(
    () =>
      whileSeen(async (signal) => {
        const series = await api.query(expr, signal);
        setValues(new Map(series.map((one) => [one.metric[by] ?? "", Number(one.value?.[1])])));
      }),
    [expr, by],
  );
  return values;
}

export interface RangeQuery {
  expr: string;
  /** Names each series of the answer. */
  name(series: PrometheusSeries): string;
}

export interface RangeData {
  /** Seconds since the epoch, one grid for all. */
  times: number[];
  series: { name: string; values: (number | null)[] }[];
}

export interface RangeState {
  data: RangeData | undefined;
  failure: unknown;
}

/** All series of the queries over the last `windowSeconds`, asked again while the page is seen. */
export function useRange(queries: RangeQuery[], windowSeconds: number): RangeState {
  const { api } = useApplication();
  const [state, setState] = useState<RangeState>({ data: undefined, failure: undefined });
  const key = JSON.stringify([queries.map(({ expr }) => expr), windowSeconds]);
  useEffect(
    () =>
      whileSeen(
        async (signal) => {
          const step = Math.max(5, Math.round(windowSeconds / 240));
          const end = Math.floor(Date.now() / 1000 / step) * step;
          const start = end - windowSeconds;
          const answers = await Promise.all(
            queries.map(({ expr }) => api.queryRange({ expr, start, end, step }, signal)),
          );
          const times = Array.from(
            { length: Math.floor(windowSeconds / step) + 1 },
            (_, n) => start + n * step,
          );
          const series = answers.flatMap((answer, index) =>
            answer.map((one) => ({ name: queries[index]?.name(one) ?? "", values: onGrid(one, times) })),
          );
          setState({ data: { times, series }, failure: undefined });
        },
        (failure) => setState((before) => ({ ...before, failure })),
      ),
    [key],
  );
  return state;
}

function onGrid(series: PrometheusSeries, times: number[]): (number | null)[] {
  const known = new Map(series.values?.map(([time, value]) => [Math.round(time), Number(value)]));
  return times.map((time) => {
    const value = known.get(time);
    return value === undefined || !Number.isFinite(value) ? null : value;
  });
}

/** Repeats `ask` every few seconds, but not while nobody looks. A failure is told and tried again. */
function whileSeen(ask: (signal: AbortSignal) => Promise<void>, failed: (cause: unknown) => void = () => {}) {
  const stopping = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const round = async () => {
    if (!document.hidden)
      try {
        await ask(stopping.signal);
      } catch (cause) {
        if (!stopping.signal.aborted) failed(cause);
      }
    if (!stopping.signal.aborted) timer = setTimeout(round, refreshMs);
  };
  const onSeen = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    void round();
  };
  document.addEventListener("visibilitychange", onSeen);
  void round();
  return () => {
    stopping.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onSeen);
  };
}

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

import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "../kit/api.ts";
import { useApplication, useMessages } from "../kit/context.ts";
import { refreshMs } from "../kit/prometheus.ts";
import { type AnswerSeries, type Frame, frameOf } from "../metrics/answer.ts";
import { ask } from "../metrics/ask.ts";
import { exploreAddress } from "../metrics/explore-state.ts";
import { distinctNames } from "../metrics/names.ts";
import { Plot } from "../metrics/plot.tsx";
import type { Mark, PlotLine } from "../metrics/plot-options.ts";
import type { Unit } from "../metrics/units.ts";
import { type Window, windowOf } from "../metrics/window.ts";
import { Icon } from "../ui/icon.tsx";

export interface HistoryChartProps {
  title: string;
  query: string;
  seconds: number;
  /** Drawn as lines across. */
  limits?: readonly { name: string; value: number }[];
  marks?: readonly Mark[];
  /** Which of the series are meant; all where none are. */
  own?(metric: Readonly<Record<string, string>>): boolean;
  unit?: Unit;
  height?: number;
  /** Of a line that is alone. */
  name?: string;
}

const mostLines = 8;
const limitColor = 11;

/** What a query gives over time, with limits and what happened; asked again while the page is seen. */
export function HistoryChart(props: HistoryChartProps) {
  const { formats } = useApplication();
  const { chart, respond } = useMessages();
  const { frame, failure } = useFrame(props.query, props.seconds);
  const unit = props.unit ?? { show: formats.number };
  const { lines, others } = useMemo(() => linesOf(frame, props), [frame, JSON.stringify(props.limits)]);
  const marks = props.marks?.filter(({ at }) => frame && at >= (frame.times[0] ?? 0));
  const empty = frame !== undefined && frame.series.length === 0;
  const last = (line: PlotLine) => line.values.findLast((value) => value !== null);
  return (
    <figure class="chart history-chart">
      <figcaption>
        <h3>{props.title}</h3>
        <ul class="legend">
          {lines.map((line) => {
            const value = last(line);
            return (
              <li key={line.name}>
                <i class={`swatch series-${line.color}`} />
                {line.name} <b>{value === undefined || value === null ? "–" : unit.show(value)}</b>
              </li>
            );
          })}
          {others > 0 && <li>{respond.otherSeries(others)}</li>}
        </ul>
        <a
          class="icon-button open-explorer"
          href={exploreAddress({
            exprs: [{ expr: props.query }],
            time: { kind: "last", seconds: props.seconds },
          })}
          aria-label={`${chart.explore}: ${props.title}`}
          title={chart.explore}
        >
          <Icon name="explore" size={14} />
        </a>
      </figcaption>
      {frame && !empty ? (
        <Plot {...{ unit, lines, marks, stack: "off" }} times={frame.times} height={props.height ?? 180} />
      ) : (
        <div class="plot" style={{ height: `${props.height ?? 180}px` }}>
          {empty && <p class="note">{chart.noData}</p>}
          {failure !== undefined && <p class="note">{failure}</p>}
        </div>
      )}
    </figure>
  );
}

function linesOf(frame: Frame | undefined, { own, limits = [], name }: HistoryChartProps) {
  if (!frame) return { lines: [], others: 0 };
  const meant = own ? frame.series.filter(({ metric }) => own(metric)) : frame.series;
  const shown = (meant.length > 0 ? meant : frame.series).slice(0, mostLines);
  const [only, another] = shown;
  const names =
    only && !another
      ? [name ?? (only.metric.__name__ || "value")]
      : distinctNames(shown.map(({ metric }) => metric));
  const lines = shown.map(
    ({ values }, at): PlotLine => ({
      ...{ name: names[at] || "{}", values, color: at, fill: shown.length === 1 ? 0.12 : 0 },
    }),
  );
  const across = limits.map(
    ({ name, value }): PlotLine => ({ name, values: frame.times.map(() => value), color: limitColor }),
  );
  return { lines: [...lines, ...across], others: frame.series.length - shown.length };
}

/** The answer over the last `seconds`, drawn again as time goes on. */
function useFrame(query: string, seconds: number): { frame: Frame | undefined; failure: string | undefined } {
  const { api } = useApplication();
  const { common } = useMessages();
  const [state, setState] = useState<{ frame?: Frame; failure?: string }>({});
  useEffect(() => {
    const stopping = new AbortController();
    const load = async () => {
      const window: Window = windowOf(
        { kind: "last", seconds },
        { now: Date.now() / 1000, points: 240, least: 5 },
      );
      try {
        const answer = await ask(api, { expr: query, at: window }, stopping.signal);
        const series: AnswerSeries[] = answer.type === "scalar" ? [] : answer.series;
        setState({ frame: frameOf([{ ...answer, series }], window) });
      } catch (cause) {
        if (stopping.signal.aborted) return;
        const told = cause instanceof ApiError && cause.status > 0 ? cause.message : common.unreachable;
        setState((before) => ({ ...before, failure: told }));
      }
    };
    void load();
    const timer = setInterval(() => !document.hidden && void load(), refreshMs * 2);
    return () => {
      stopping.abort();
      clearInterval(timer);
    };
  }, [query, seconds]);
  return { frame: state.frame, failure: state.failure };
}

import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useApplication, useFormats } from "../kit/context.ts";
import { type RangeData, type RangeQuery, useRange } from "../kit/prometheus.ts";
import { exploreAddress } from "../metrics/explore-state.ts";
import { Icon } from "./icon.tsx";
import { ErrorState } from "./states.tsx";

export interface ChartProps {
  title: string;
  queries: RangeQuery[];
  windowSeconds: number;
  /** How values read, for example as bytes. */
  format(value: number): string;
  /** Grid lines at powers of two, for bytes. */
  binary?: boolean;
  /** What the upper end is at least, so that noise near zero does not fill the chart. */
  least?: number;
  /** Fixed upper end, for example 1 for shares of a whole. */
  maximum?: number;
}

const height = 168;
const powersOfTwo = Array.from({ length: 50 }, (_, power) => 2 ** power);
const cursorGroup = uPlot.sync("havn");

/** One measurement over time, live; all charts of a page share the time under the pointer. */
export function Chart({
  title,
  queries,
  windowSeconds,
  format,
  maximum,
  least = 1e-9,
  binary = false,
}: ChartProps) {
  const { messages, theme } = useApplication();
  const { data, failure } = useRange(queries, windowSeconds);
  const empty = data?.series.every(({ values }) => values.every((value) => value === null));
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <Legend data={data} format={format} />
        <a
          class="icon-button open-explorer"
          href={exploreAddress({ exprs: queries, time: { kind: "last", seconds: windowSeconds } })}
          aria-label={`${messages.chart.explore}: ${title}`}
          title={messages.chart.explore}
        >
          <Icon name="explore" size={14} />
        </a>
      </figcaption>
      <div class="plot" style={{ height: `${height}px` }}>
        {data && !empty && (
          <Plot
            key={`${theme}${data.series.map(({ name }) => name).join("\n")}`}
            {...{ data, format, maximum, least, binary }}
          />
        )}
        {empty && <p class="note">{messages.chart.noData}</p>}
        {!data && failure !== undefined && <ErrorState cause={failure} retry={() => location.reload()} />}
      </div>
    </figure>
  );
}

function Legend({ data, format }: { data: RangeData | undefined; format(value: number): string }) {
  return (
    <ul class="legend">
      {data?.series.slice(0, 6).map(({ name, values }, index) => {
        const last = values.findLast((value) => value !== null);
        return (
          <li key={name}>
            <i class={`swatch series-${index % 6}`} />
            {name} <b>{last === undefined || last === null ? "–" : format(last)}</b>
          </li>
        );
      })}
    </ul>
  );
}

interface PlotProps {
  data: RangeData;
  format(value: number): string;
  maximum: number | undefined;
  least: number;
  binary: boolean;
}

function Plot({ data, format, maximum, least, binary }: PlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const formats = useFormats();
  const aligned = useMemo(
    () => [data.times, ...data.series.map(({ values }) => values)] as uPlot.AlignedData,
    [data],
  );

  useEffect(() => {
    const root = element.current;
    if (!root) return;
    const made = new uPlot(
      optionsOf(root, data, { format, maximum, least, binary, time: formats.time }),
      aligned,
      root,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: root.clientWidth, height }));
    observer.observe(root);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(aligned), [aligned]);

  return <div ref={element} class="canvas" aria-hidden="true" />;
}

function optionsOf(
  root: HTMLElement,
  data: RangeData,
  options: Omit<PlotProps, "data"> & { time(at: number): string },
): uPlot.Options {
  const styles = getComputedStyle(root);
  const color = (name: string) => styles.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--muted"),
    font: "11px Inter, system-ui, sans-serif",
    ticks: { show: false },
    grid: { stroke: color("--hairline"), width: 1 },
  };
  return {
    width: root.clientWidth,
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: cursorGroup.key }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, high) => [0, options.maximum ?? Math.max(high * 1.15, options.least)] } },
    axes: [
      {
        ...axis,
        space: 70,
        size: 26,
        values: (_, times) => times.map((time) => options.time(time * 1000).slice(0, 5)),
      },
      {
        ...axis,
        space: 36,
        size: 66,
        ...(options.binary ? { incrs: powersOfTwo } : {}),
        values: (_, values) => values.map(options.format),
      },
    ],
    series: [
      {},
      ...data.series.map(({ name }, index) => ({
        label: name,
        stroke: color(`--series-${index % 6}`),
        width: 1.6,
        points: { show: false },
        ...(data.series.length === 1 ? { fill: `${color(`--series-${index % 6}`)}1f` } : {}),
      })),
    ],
    hooks: { setCursor: [tooltip(root, data, options)] },
  };
}

/** Shows the values under the pointer beside it. */
function tooltip(
  root: HTMLElement,
  data: RangeData,
  options: { format(value: number): string; time(at: number): string },
) {
  const box = document.createElement("div");
  box.className = "tooltip";
  box.hidden = true;
  return (plot: uPlot) => {
    if (!box.isConnected) root.append(box);
    const { idx, left = -1 } = plot.cursor;
    box.hidden = idx === undefined || idx === null || left < 0;
    if (box.hidden || idx === undefined || idx === null) return;
    const lines = data.series.map(({ name }, index) => {
      const value = plot.data[index + 1]?.[idx];
      return `${name} ${value === undefined || value === null ? "–" : options.format(value)}`;
    });
    box.replaceChildren(
      ...[options.time((plot.data[0][idx] ?? 0) * 1000), ...lines].map((line) => {
        const row = document.createElement("div");
        row.textContent = line;
        return row;
      }),
    );
    const x = left + plot.bbox.left / devicePixelRatio;
    box.style.left = `${Math.min(x + 12, root.clientWidth - box.offsetWidth - 4)}px`;
  };
}

const windows = [15 * 60, 3600, 6 * 3600, 24 * 3600];

/** Which stretch of time the charts show. */
export function WindowPicker({ value, onChange }: { value: number; onChange(seconds: number): void }) {
  const { chart } = useApplication().messages;
  return (
    <fieldset class="segments" aria-label={chart.window}>
      {windows.map((seconds) => (
        <button
          type="button"
          key={seconds}
          aria-pressed={value === seconds}
          onClick={() => onChange(seconds)}
        >
          {seconds < 3600 ? chart.minutes(seconds / 60) : chart.hours(seconds / 3600)}
        </button>
      ))}
    </fieldset>
  );
}

import { useMemo, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { useApplication, useFormats } from "../kit/context.ts";
import { type Heatmap, rowAt } from "./buckets.ts";
import { createTooltip, drawMarks } from "./plot-marks.ts";
import { colorsOf, type ExemplarPoint, type Mark, type PlotLook, plotOptions } from "./plot-options.ts";
import type { Unit } from "./units.ts";
import { useDrawing } from "./use-drawing.ts";

export interface HeatmapProps {
  heatmap: Heatmap;
  unit: Unit;
  height: number;
  marks?: readonly Mark[] | undefined;
  exemplars?: readonly ExemplarPoint[] | undefined;
  zoom?: ((start: number, end: number) => void) | undefined;
}

/** Counts by time and bucket: the more, the stronger the colour. Buckets are equally high, whatever they span. */
export function HeatmapPlot(props: HeatmapProps) {
  const { theme, language } = useApplication();
  const key = JSON.stringify([theme, language, props.heatmap.edges, props.zoom !== undefined]);
  return (
    <div class="plot" style={{ height: `${props.height}px` }}>
      <Drawn key={key} {...props} />
    </div>
  );
}

function Drawn(props: HeatmapProps) {
  const { language } = useApplication();
  const formats = useFormats();
  const latest = useRef(props);
  latest.current = props;
  const data = useMemo(() => dataOf(props.heatmap), [props.heatmap]);
  const element = useDrawing({
    ...{ data, height: props.height, over: [props.marks, props.exemplars] },
    options: (root) => optionsOf(root, () => latest.current, { language, time: formats.dateTime }),
  });
  return <div ref={element} class="canvas" aria-hidden="true" />;
}

/** uPlot has nothing to draw itself: it gives scales, axes, the pointer and the choice of a range. */
const dataOf = ({ times, edges }: Heatmap): uPlot.AlignedData => [times, times.map(() => edges.length - 1)];

function optionsOf(
  root: HTMLElement,
  props: () => HeatmapProps,
  more: { language: PlotLook["language"]; time(at: number): string },
): uPlot.Options {
  const { unit, height, zoom } = props();
  const look: PlotLook = { unit, height, stack: "off", language: more.language };
  const rowsOf = () => Math.max(1, props().heatmap.edges.length - 1);
  const overlay = drawMarks(root, () => ({
    marks: props().marks ?? [],
    exemplars: (props().exemplars ?? []).map((one) => ({
      ...one,
      value: rowAt(props().heatmap.edges, one.value),
    })),
  }));
  const options = plotOptions(root, [{ name: "", values: [], color: 0, style: "points" }], look, {
    zoom: zoom && ((start, end) => props().zoom?.(start, end)),
    hooks: {
      drawClear: [(plot) => drawCells(plot, root, props().heatmap)],
      draw: [overlay],
      setCursor: [pointed(root, props, more.time)],
    },
  });
  const [time, values] = options.axes ?? [];
  return {
    ...options,
    scales: { x: { time: true }, y: { range: () => [0, rowsOf()] } },
    axes: [
      { ...time, grid: { show: false } },
      {
        ...values,
        grid: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200],
        values: (_, rows) => rows.map((row) => edgeText(props().heatmap.edges[row], unit)),
      },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    cursor: { ...options.cursor, points: { show: false } },
  };
}

const edgeText = (edge: number | undefined, unit: Unit) => (edge === undefined ? "" : unit.show(edge));

function drawCells(plot: uPlot, root: HTMLElement, { times, counts, most }: Heatmap): void {
  const { ctx, bbox } = plot;
  const step = (times[1] ?? (times[0] ?? 0) + 60) - (times[0] ?? 0);
  const [low, high] = [plot.valToPos(0, "x", true), plot.valToPos(step, "x", true)];
  const width = Math.max(1, Math.ceil(high - low));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colorsOf(root)("series-0");
  for (const [at, row] of counts.entries()) {
    const x = Math.round(plot.valToPos(times[at] ?? 0, "x", true) - width / 2);
    for (const [r, count] of row.entries()) {
      if (count <= 0) continue;
      const [top, bottom] = [plot.valToPos(r + 1, "y", true), plot.valToPos(r, "y", true)];
      // The square root lets few be seen beside many.
      ctx.globalAlpha = 0.08 + 0.92 * Math.sqrt(count / most);
      ctx.fillRect(x, Math.round(top), width, Math.max(1, Math.round(bottom) - Math.round(top)));
    }
  }
  ctx.restore();
}

function pointed(root: HTMLElement, props: () => HeatmapProps, time: (at: number) => string) {
  const tooltip = createTooltip(root);
  return (plot: uPlot) => {
    const { idx, left = -1, top = -1 } = plot.cursor;
    if (idx === undefined || idx === null || left < 0) return tooltip.hide();
    const { heatmap, unit, marks = [] } = props();
    const row = Math.floor(plot.posToVal(top, "y"));
    const count = heatmap.counts[idx]?.[row] ?? 0;
    const range = `${edgeText(heatmap.edges[row], unit)} – ${edgeText(heatmap.edges[row + 1], unit)}`;
    tooltip.show(left + plot.bbox.left / devicePixelRatio, [
      { text: time((heatmap.times[idx] ?? 0) * 1000) },
      { text: range, value: String(Number(count.toPrecision(4))) },
      ...marks
        .filter(({ at }) => Math.abs(plot.valToPos(at, "x") - left) < 6)
        .map(({ at, title }) => ({ text: `${time(at * 1000)} ${title}` })),
    ]);
  };
}

import { useMemo, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { useApplication, useFormats } from "../kit/context.ts";
import { createTooltip, drawMarks, type TooltipLine } from "./plot-marks.ts";
import {
  type ExemplarPoint,
  type Mark,
  type PlotLine,
  type PlotLook,
  paletteSize,
  plotOptions,
} from "./plot-options.ts";
import { stacked } from "./stack.ts";
import { useDrawing } from "./use-drawing.ts";

export interface PlotProps extends Omit<PlotLook, "language"> {
  times: readonly number[];
  lines: readonly PlotLine[];
  marks?: readonly Mark[] | undefined;
  exemplars?: readonly ExemplarPoint[] | undefined;
  /** Called with the stretch that was dragged over, in seconds. */
  zoom?: ((start: number, end: number) => void) | undefined;
}

const mostInTooltip = 12;

/** Lines over time. What it shows stands in its legend or table too: the drawing itself is hidden from screen readers. */
export function Plot(props: PlotProps) {
  const { theme, language } = useApplication();
  const key = JSON.stringify([
    ...[theme, language, props.stack, props.min, props.max, props.logarithmic],
    ...[props.unit.show(1234.5), props.zoom !== undefined],
    props.lines.map(({ name, color, axis, fill, style, negative, alone, dashed }) => [
      ...[name, color, axis, fill, style, negative, alone, dashed],
    ]),
  ]);
  return (
    <div class="plot" style={{ height: `${props.height}px` }}>
      <Drawn key={key} {...props} />
    </div>
  );
}

function Drawn(props: PlotProps) {
  const { language } = useApplication();
  const formats = useFormats();
  const latest = useRef(props);
  latest.current = props;
  const data = useMemo(() => alignedOf(props), [props.times, props.lines]);
  const element = useDrawing({
    ...{ data, height: props.height, over: [props.marks, props.exemplars] },
    options: (root) =>
      plotOptions(
        root,
        props.lines,
        { ...props, language },
        {
          zoom: props.zoom && ((start, end) => latest.current.zoom?.(start, end)),
          hooks: {
            draw: [
              drawMarks(root, () => ({
                marks: latest.current.marks ?? [],
                exemplars: latest.current.exemplars ?? [],
              })),
            ],
            setCursor: [pointed(root, () => latest.current, formats.dateTime)],
          },
        },
      ),
  });
  return <div ref={element} class="canvas" aria-hidden="true" />;
}

function alignedOf({ times, lines, stack, logarithmic }: PlotProps): uPlot.AlignedData {
  const rows = lines.map(({ values, negative }) =>
    negative ? values.map((value) => (value === null ? null : -value)) : values,
  );
  const together = lines.flatMap(({ alone }, at) => (alone ? [] : [at]));
  const sums =
    stack === "off"
      ? []
      : stacked(
          together.map((at) => rows[at] ?? []),
          stack,
        );
  const shown = rows.map((row, at) => sums[stack === "off" ? -1 : together.indexOf(at)] ?? row);
  const positive = (row: readonly (number | null)[]) =>
    row.map((value) => (value !== null && value > 0 ? value : null));
  return [times, ...(logarithmic ? shown.map(positive) : shown)] as unknown as uPlot.AlignedData;
}

/** Values, and what happened, where the pointer is. */
function pointed(root: HTMLElement, props: () => PlotProps, time: (at: number) => string) {
  const tooltip = createTooltip(root);
  return (plot: uPlot) => {
    const { idx, left = -1, top = -1 } = plot.cursor;
    if (idx === undefined || idx === null || left < 0) return tooltip.hide();
    const { times, lines, unit, marks = [], exemplars = [] } = props();
    const values = lines
      .map((line, at) => ({ line, value: line.values[idx], drawn: plot.data[at + 1]?.[idx] }))
      .filter(({ value }) => value !== null && value !== undefined);
    const under = plot.posToVal(top, "y");
    const nearest = values.toSorted(
      (a, b) => Math.abs((a.drawn ?? 0) - under) - Math.abs((b.drawn ?? 0) - under),
    );
    const kept = new Set(nearest.slice(0, mostInTooltip).map(({ line }) => line));
    const near = (at: number) => Math.abs(plot.valToPos(at, "x") - left) < 6;
    const rows: TooltipLine[] = [
      { text: time((times[idx] ?? 0) * 1000) },
      ...values
        .filter(({ line }) => kept.has(line))
        .map(({ line, value }) => ({
          text: line.name,
          value: (line.unit ?? unit).show(value ?? 0),
          color: line.color % paletteSize,
          strong: line === nearest[0]?.line && values.length > 1,
        })),
      ...(values.length > kept.size ? [{ text: `+ ${values.length - kept.size}` }] : []),
      ...marks.filter(({ at }) => near(at)).map(({ at, title }) => ({ text: `${time(at * 1000)} ${title}` })),
      ...exemplars
        .filter(({ at, value }) => near(at) && Math.abs(plot.valToPos(value, "y") - top) < 8)
        .slice(0, 3)
        .map(({ value, labels }) => ({
          text: Object.entries(labels)
            .map(([name, text]) => `${name}=${text}`)
            .join(" "),
          value: unit.show(value),
        })),
    ];
    tooltip.show(left + plot.bbox.left / devicePixelRatio, rows);
  };
}

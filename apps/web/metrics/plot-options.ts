import uPlot from "uplot";
import type { Language } from "../kit/preferences.ts";
import { timeTexts } from "./time-axis.ts";
import type { Unit } from "./units.ts";

export interface PlotLine {
  name: string;
  values: readonly (number | null)[];
  /** Of the palette, from 0. */
  color: number;
  axis?: "left" | "right" | undefined;
  fill?: number | undefined;
  style?: "line" | "bars" | "points" | "none" | undefined;
  /** Drawn below the axis. */
  negative?: boolean | undefined;
  /** Left out of a stack. */
  alone?: boolean | undefined;
  dashed?: boolean | undefined;
  unit?: Unit | undefined;
}

/** Something that happened: a deploy, an apply, an alert. */
export interface Mark {
  at: number;
  title: string;
  tone: "good" | "info" | "warn" | "bad" | "muted";
  href?: string | undefined;
}

export interface ExemplarPoint {
  at: number;
  value: number;
  labels: Readonly<Record<string, string>>;
}

export interface PlotLook {
  unit: Unit;
  language: Language;
  height: number;
  stack: "off" | "normal" | "percent";
  min?: number | undefined;
  max?: number | undefined;
  logarithmic?: boolean | undefined;
}

export const paletteSize = 12;
const powersOfTwo = Array.from({ length: 60 }, (_, power) => 2 ** power);
const cursorGroup = uPlot.sync("havn");

export function colorsOf(root: HTMLElement): (name: string) => string {
  const styles = getComputedStyle(root);
  return (name) => styles.getPropertyValue(`--${name}`).trim();
}

/** Bars beside lines, points alone, or nothing but the fill. */
function pathsOf(style: PlotLine["style"]): Partial<uPlot.Series> {
  if (style === "bars") {
    const bars = uPlot.paths.bars?.({ size: [0.8, 40] });
    return bars ? { paths: bars, points: { show: false } } : {};
  }
  if (style === "points") return { paths: () => null, points: { show: true, size: 5 } };
  return { points: { show: false } };
}

export function plotOptions(
  root: HTMLElement,
  lines: readonly PlotLine[],
  look: PlotLook,
  more: { zoom: ((start: number, end: number) => void) | undefined; hooks: uPlot.Hooks.Arrays },
): uPlot.Options {
  const color = colorsOf(root);
  const axis: uPlot.Axis = {
    stroke: color("muted"),
    font: "11px Inter, system-ui, sans-serif",
    ticks: { show: false },
    grid: { stroke: color("hairline"), width: 1 },
  };
  const texts = timeTexts(look.language);
  const right = lines.some((line) => line.axis === "right");
  const rightUnit = lines.find((line) => line.axis === "right" && line.unit)?.unit ?? look.unit;
  const valueAxis = (scale: string, unit: Unit): uPlot.Axis => ({
    ...axis,
    scale,
    space: 34,
    size: 66,
    ...(unit.binary && !look.logarithmic ? { incrs: powersOfTwo } : {}),
    values: (_, values) => values.map((value) => (value === null ? "" : unit.show(value))),
  });
  return {
    width: root.clientWidth,
    height: look.height,
    padding: [10, right ? 0 : 8, 0, 0],
    legend: { show: false },
    cursor: {
      // Plots share the time under the pointer. What is dragged over is chosen in one of them only.
      sync: {
        key: cursorGroup.key,
        filters: { pub: (type) => !/^(mousedown|mouseup|dblclick)$/.test(type) },
      },
      points: { size: 6 },
      drag: { x: more.zoom !== undefined, y: false, setScale: false },
    },
    scales: {
      x: { time: true },
      y: scaleOf(look, lines.filter((line) => line.axis !== "right").length > 0),
      ...(right ? { right: scaleOf({ ...look, min: undefined, max: undefined }, true) } : {}),
    },
    axes: [
      { ...axis, space: 70, size: 26, values: (_, times, __, ___, gap) => texts(times, gap) },
      valueAxis("y", look.stack === "percent" ? percentUnit : look.unit),
      ...(right ? [{ ...valueAxis("right", rightUnit), side: 1 as const, grid: { show: false } }] : []),
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, look, color))],
    bands: look.stack === "off" ? [] : bandsOf(lines),
    hooks: {
      ...more.hooks,
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const [from, to] = [plot.select.left, plot.select.left + plot.select.width];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          more.zoom?.(plot.posToVal(from, "x"), plot.posToVal(to, "x"));
        },
      ],
    },
  };
}

const percentUnit: Unit = { show: (value) => `${Math.round(value * 100)} %` };

function seriesOf(line: PlotLine, look: PlotLook, color: (name: string) => string): uPlot.Series {
  const stroke = color(`series-${line.color % paletteSize}`);
  const fill = line.fill ?? (look.stack === "off" ? 0 : 0.35);
  const opacity = Math.round(Math.min(1, fill) * 255)
    .toString(16)
    .padStart(2, "0");
  return {
    label: line.name,
    scale: line.axis === "right" ? "right" : "y",
    stroke,
    width: line.style === "none" ? 0 : 1.6,
    ...(line.dashed ? { dash: [6, 4] } : {}),
    ...pathsOf(line.style),
    ...(fill > 0 ? { fill: `${stroke}${opacity}` } : {}),
  };
}

/** Each stacked line is filled down to the one below it on its side of the axis. */
function bandsOf(lines: readonly PlotLine[]): uPlot.Band[] {
  return lines.flatMap((line, at) => {
    if (line.alone) return [];
    const below = lines.findLastIndex((one, n) => n < at && !one.alone && one.negative === line.negative);
    return below === -1 ? [] : [{ series: [at + 1, below + 1] as [number, number] }];
  });
}

function scaleOf(look: PlotLook, used: boolean): uPlot.Scale {
  if (look.logarithmic) return { distr: 3 };
  return {
    range: (_, low, high) => {
      if (!used || low === null || high === null) return [0, 1];
      const least = look.min ?? Math.min(0, low < 0 ? low * 1.1 : 0);
      const most =
        look.max ?? (look.stack === "percent" && low >= 0 ? 1 : high <= 0 && low < 0 ? 0 : high * 1.12);
      return most > least ? [least, most] : [least, least + (Math.abs(least) || 1)];
    },
  };
}

import type { DashboardPanel, DashboardTone } from "@havn/model";
import { useMemo } from "preact/hooks";
import { useFormats } from "../../kit/context.ts";
import { mappedTo, toneOf } from "../looks.ts";
import { type Figure, figuresOf, panelUnit } from "../series.ts";
import { useDashboardTexts } from "../texts.ts";
import type { PanelViewProps } from "./view.tsx";

const mostFigures = 60;

interface Shown {
  name: string;
  text: string;
  value: number | undefined;
  tone: DashboardTone | undefined;
  values: Figure["values"];
}

function useFigures({ panel, asked, variables }: PanelViewProps): Shown[] {
  const formats = useFormats();
  return useMemo(
    () =>
      figuresOf(panel, asked, variables)
        .slice(0, mostFigures)
        .map(({ name, value, values, look }) => {
          const mapped = mappedTo(panel.mappings, value);
          const show = panelUnit(panel, formats, look.unit).show;
          return {
            ...{ name, value, values },
            text: mapped.text ?? (value === undefined ? "–" : show(value, look.decimals)),
            tone:
              mapped.tone ??
              (value === undefined ? undefined : toneOf(panel.thresholds, value)) ??
              (panel.thresholds ? undefined : look.tone),
          };
        }),
    [panel, asked, formats],
  );
}

/** Numbers that can be read across a room, with where they came from behind them. */
export function Stat(props: PanelViewProps) {
  const figures = useFigures(props);
  const texts = useDashboardTexts();
  if (figures.length === 0) return <Nothing panel={props.panel} text={texts.noData} />;
  return (
    <ul class={figures.length > 1 ? "stats many" : "stats"}>
      {figures.map(({ name, text, tone, values }, at) => (
        <li
          key={`${at} ${name}`}
          class={tone ? `stat tone-${tone}` : "stat"}
          style={{ "--letters": text.length }}
        >
          <Spark values={values} />
          <b>{text}</b>
          {figures.length > 1 && <span>{name}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Where nothing was found, a mapping may say what that means. */
function Nothing({ panel, text }: { panel: DashboardPanel; text: string }) {
  const mapped = mappedTo(panel.mappings, undefined);
  if (mapped.text === undefined) return <p class="panel-note">{text}</p>;
  return (
    <ul class="stats">
      <li
        class={mapped.tone ? `stat tone-${mapped.tone}` : "stat"}
        style={{ "--letters": mapped.text.length }}
      >
        <b>{mapped.text}</b>
      </li>
    </ul>
  );
}

/** A line without axes. */
function Spark({ values }: { values: readonly (number | null)[] }) {
  const known = values.flatMap((value, at) => (value === null ? [] : [[at, value] as const]));
  if (known.length < 3) return null;
  const numbers = known.map(([, value]) => value);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const span = high - low || 1;
  const points = known.map(
    ([at, value]) =>
      `${((at / (values.length - 1)) * 100).toFixed(2)},${(36 - ((value - low) / span) * 32).toFixed(2)}`,
  );
  const [first = "", last = ""] = [points[0]?.split(",")[0], points.at(-1)?.split(",")[0]];
  return (
    <svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
      <path class="under" d={`M${first},40 L${points.join(" L")} L${last},40 Z`} />
      <path class="line" d={`M${points.join(" L")}`} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

const bounds = (panel: DashboardPanel, figures: readonly Shown[]) => {
  const numbers = figures.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const percent = panel.unit === "percent" ? 100 : panel.unit === "ratio" ? 1 : undefined;
  const thresholds = (panel.thresholds ?? []).flatMap(({ from }) => from ?? []);
  const high = panel.max ?? percent ?? Math.max(0, ...numbers, ...thresholds.map((from) => from * 1.1));
  const low = panel.min ?? Math.min(0, ...numbers);
  return { low, high: high > low ? high : low + 1 };
};

/** How far along its range each value is. */
export function Gauge(props: PanelViewProps) {
  const figures = useFigures(props);
  const texts = useDashboardTexts();
  if (figures.length === 0) return <Nothing panel={props.panel} text={texts.noData} />;
  const { low, high } = bounds(props.panel, figures);
  const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)));
  const steps = thresholdArcs(props.panel, share);
  return (
    <ul class="gauges">
      {figures.map(({ name, text, value, tone }, at) => (
        <li key={`${at} ${name}`} class={`gauge tone-${tone ?? "info"}`}>
          <svg viewBox="0 0 200 118" role="img" aria-label={`${name} ${text}`}>
            {steps.map(({ from, to, tone: ring }) => (
              <path key={from} class={`ring tone-${ring}`} d={arc(from, to, 95)} />
            ))}
            <path class="track" d={arc(0, 1, 80)} />
            {value !== undefined && share(value) > 0.002 && (
              <path class="value" d={arc(0, share(value), 80)} />
            )}
            <text
              x="100"
              y="100"
              text-anchor="middle"
              font-size={Math.min(36, 230 / Math.max(5, text.length))}
            >
              {text}
            </text>
          </svg>
          {figures.length > 1 && <span>{name}</span>}
        </li>
      ))}
    </ul>
  );
}

function thresholdArcs(panel: DashboardPanel, share: (value: number) => number) {
  const steps = (panel.thresholds ?? [])
    .map(({ from, tone }) => ({ from: from === null ? 0 : share(from), tone }))
    .sort((a, b) => a.from - b.from);
  return steps
    .map((step, at) => ({ ...step, to: steps[at + 1]?.from ?? 1 }))
    .filter(({ from, to }) => to - from > 0.001);
}

/** Part of a half circle, from the left. */
function arc(from: number, to: number, radius: number): string {
  const point = (share: number) => {
    const angle = Math.PI * (1 - share);
    return `${(100 + radius * Math.cos(angle)).toFixed(2)} ${(104 - radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${point(from)} A${radius} ${radius} 0 0 1 ${point(to)}`;
}

/** Values beside each other, longest where they are largest. */
export function Bars(props: PanelViewProps) {
  const figures = useFigures(props);
  const texts = useDashboardTexts();
  if (figures.length === 0) return <Nothing panel={props.panel} text={texts.noData} />;
  const { low, high } = bounds(props.panel, figures);
  return (
    <ul class="bars">
      {figures.map(({ name, text, value, tone }, at) => (
        <li key={`${at} ${name}`} class={`tone-${tone ?? "info"}`}>
          <span title={name}>{name}</span>
          <b>{text}</b>
          <i style={{ "--share": Math.min(1, Math.max(0, ((value ?? low) - low) / (high - low))) }} />
        </li>
      ))}
    </ul>
  );
}

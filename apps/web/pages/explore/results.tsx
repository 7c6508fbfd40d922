import { useMemo, useState } from "preact/hooks";
import { useFormats } from "../../kit/context.ts";
import { type Answer, frameOf, latest, parseValue, tiersOf } from "../../metrics/answer.ts";
import { mostSeries } from "../../metrics/ask.ts";
import { heatmapOf } from "../../metrics/buckets.ts";
import { csvOf, csvRows } from "../../metrics/csv.ts";
import type { ExploreState } from "../../metrics/explore-state.ts";
import { HeatmapPlot } from "../../metrics/heatmap.tsx";
import { toggled } from "../../metrics/hidden.ts";
import { Legend } from "../../metrics/legend.tsx";
import { distinctNames, legendOf, seriesName } from "../../metrics/names.ts";
import { Plot } from "../../metrics/plot.tsx";
import type { Mark, PlotLine } from "../../metrics/plot-options.ts";
import { StandsOn } from "../../metrics/stands-on.tsx";
import { useMetricTexts } from "../../metrics/texts.ts";
import { type Unit, unitOf } from "../../metrics/units.ts";
import { type AnswersState, type Asked, useExemplars, useMarks } from "../../metrics/use-answers.ts";
import { momentsOf } from "../../metrics/window.ts";
import { EmptyState } from "../../ui/states.tsx";
import { unitName } from "./options.tsx";

interface ResultsProps {
  state: ExploreState;
  answers: AnswersState;
  go(change: Partial<ExploreState>): void;
}

const height = 340;
/** More lines than this are one colour of noise, and slow. The table and the CSV have them all. */
const mostLines = 200;

export function Results({ state, answers, go }: ResultsProps) {
  const texts = useMetricTexts();
  const formats = useFormats();
  const { asked, running, cancelled } = answers;
  const known = (asked?.answers ?? []).filter((answer) => answer !== undefined);
  const count = known.reduce((sum, { series }) => sum + series.length, 0);
  const seconds = Math.max(0, ...known.map(({ tookMs }) => tookMs)) / 1000;
  const tiers = tiersOf(known);
  const cut = known.some(({ series }) => series.length >= mostSeries);
  return (
    <section class="panel results" aria-busy={running}>
      <p class="muted result-facts" role="status">
        {running ? texts.running : cancelled ? texts.cancelled : texts.took(formats.seconds(seconds), count)}
        {!running && !cancelled && tiers.length > 0 && (
          <>
            {", "}
            <StandsOn tiers={tiers} />
          </>
        )}
        {cut && ` ${texts.cut(mostSeries)}`}
      </p>
      {asked && known.length > 0 && <Shown state={state} asked={asked} go={go} />}
    </section>
  );
}

function Shown({ state, asked, go }: { state: ExploreState; asked: Asked; go: ResultsProps["go"] }) {
  const formats = useFormats();
  const unit = useMemo(() => unitOf(unitName(state), formats), [unitName(state), formats]);
  const ranged = asked.answers.some((answer) => answer?.series.some(({ value }) => value === undefined));
  // While another view is asked for, the answers of the one before are still there.
  if (state.view === "table") return <Table asked={asked} unit={unit} />;
  if (!ranged && asked.answers.some((answer) => answer?.series.length)) return null;
  return <Drawn {...{ state, asked, unit, go }} />;
}

function Drawn(props: { state: ExploreState; asked: Asked; unit: Unit; go: ResultsProps["go"] }) {
  const { state, asked, unit, go } = props;
  const texts = useMetricTexts();
  const { window } = asked;
  const marks = useMarks(window, { kinds: state.marks, environment: state.environment });
  const exprs = state.queries.flatMap(({ expr, hidden }) => (hidden || !expr ? [] : [expr]));
  const exemplars = useExemplars(window, { exprs, wanted: state.exemplars });
  const zoom = (start: number, end: number) => go({ time: { kind: "fixed", start, end } });
  return (
    <>
      <div role="img" aria-label={texts.graphLabel}>
        {state.view === "heatmap" ? (
          <Heat {...{ asked, unit, marks, exemplars, zoom }} />
        ) : (
          <Lines {...{ state, asked, unit, marks, exemplars, zoom }} />
        )}
      </div>
      <Happened marks={marks} />
    </>
  );
}

type DrawnProps = Pick<Parameters<typeof Plot>[0], "marks" | "exemplars" | "zoom"> & {
  asked: Asked;
  unit: Unit;
};

function Heat({ asked, unit, ...rest }: DrawnProps) {
  const texts = useMetricTexts();
  const heatmap = useMemo(() => {
    const series = asked.answers.flatMap((answer) => answer?.series ?? []);
    return heatmapOf(series, momentsOf(asked.window), asked.window.step);
  }, [asked]);
  if (!heatmap) return <EmptyState icon="explore" title={texts.noBuckets} detail={texts.noBucketsDetail} />;
  return <HeatmapPlot heatmap={heatmap} unit={unit} height={height} {...rest} />;
}

function Lines({ state, asked, unit, ...rest }: DrawnProps & { state: ExploreState }) {
  const texts = useMetricTexts();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const legends = state.queries.map(({ legend }) => legend);
  const { frame, lines } = useMemo(() => linesOf(asked, legends), [asked, legends.join("\n")]);
  const shown = useMemo(
    () => lines.filter(({ name }) => !hidden.has(name)).slice(0, mostLines),
    [lines, hidden],
  );
  if (lines.length === 0) return <p class="note">{texts.empty}</p>;
  const names = lines.map(({ name }) => name);
  return (
    <>
      <Plot
        times={frame.times}
        lines={shown}
        unit={unit}
        height={height}
        stack={state.view === "stacked" ? "normal" : "off"}
        logarithmic={state.logarithmic}
        {...rest}
      />
      <Legend
        lines={lines}
        unit={unit}
        hidden={hidden}
        toggle={(name, alone) => setHidden(toggled(hidden, names, { name, alone }))}
        as="table"
      />
      <Download content={() => csvOf(frame, names)} />
    </>
  );
}

function linesOf(asked: Asked, legends: readonly string[]) {
  const frame = frameOf(asked.answers, asked.window);
  const usual = distinctNames(frame.series.map(({ metric }) => metric));
  const lines = frame.series.map(({ query, metric, values }, color): PlotLine => {
    const legend = legends[query];
    return { name: legend ? legendOf(legend, metric) : (usual[color] ?? ""), values, color };
  });
  return { frame, lines };
}

const mostRows = 500;

function Table({ asked, unit }: { asked: Asked; unit: Unit }) {
  const texts = useMetricTexts();
  const rows = asked.answers.flatMap((answer: Answer | undefined) => (answer ? latest(answer) : []));
  if (rows.length === 0) return <p class="note">{texts.empty}</p>;
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return (
    <>
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              <th>{texts.series}</th>
              <th class="number">{texts.value}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, mostRows).map(({ metric, value }, at) => (
              <tr key={at}>
                <td>
                  <code>{seriesName(metric)}</code>
                </td>
                <td class="number" title={value}>
                  {unit.show(parseValue(value))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > mostRows && <p class="muted">{texts.more(rows.length - mostRows)}</p>}
      <Download
        content={() =>
          csvRows([
            ["time", ...labels, "value"],
            ...rows.map(({ metric, value, at }) => [
              new Date(at * 1000).toISOString(),
              ...labels.map((label) => metric[label] ?? ""),
              value,
            ]),
          ])
        }
      />
    </>
  );
}

function Download({ content }: { content(): string }) {
  const texts = useMetricTexts();
  const save = () => {
    const address = URL.createObjectURL(new Blob([content()], { type: "text/csv" }));
    const link = document.createElement("a");
    Object.assign(link, { href: address, download: "havn.csv" });
    link.click();
    URL.revokeObjectURL(address);
  };
  return (
    <p>
      <button type="button" class="button small" onClick={save}>
        {texts.download}
      </button>
    </p>
  );
}

/** What the graph's vertical lines stand for, as text. */
function Happened({ marks }: { marks: readonly Mark[] }) {
  const texts = useMetricTexts();
  const formats = useFormats();
  if (marks.length === 0) return null;
  return (
    <details class="happened">
      <summary>{texts.happened(marks.length)}</summary>
      <ul>
        {marks.map(({ at, title, href }) => (
          <li key={`${at} ${title}`}>
            <time dateTime={new Date(at * 1000).toISOString()}>{formats.dateTime(at * 1000)}</time>{" "}
            {href ? <a href={href}>{title}</a> : title}
          </li>
        ))}
      </ul>
    </details>
  );
}

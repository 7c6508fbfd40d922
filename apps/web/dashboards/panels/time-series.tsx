import { useMemo, useState } from "preact/hooks";
import { useFormats } from "../../kit/context.ts";
import { toggled } from "../../metrics/hidden.ts";
import { Legend } from "../../metrics/legend.tsx";
import { Plot } from "../../metrics/plot.tsx";
import { useMetricTexts } from "../../metrics/texts.ts";
import { useBoard } from "../context.ts";
import { linesOf, panelUnit } from "../series.ts";
import { useDashboardTexts } from "../texts.ts";
import { useHeight } from "../use-panel.ts";
import type { PanelViewProps } from "./view.tsx";

/** Lines, bars or points over time, with a legend that shows and hides them. */
export function TimeSeries({ panel, asked, variables }: PanelViewProps) {
  const formats = useFormats();
  const texts = useDashboardTexts();
  const metrics = useMetricTexts();
  const { marks, zoom } = useBoard();
  const { element, height } = useHeight();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const unit = useMemo(() => panelUnit(panel, formats), [panel.unit, panel.decimals, panel.queries, formats]);
  const { times, lines, left } = useMemo(
    () => linesOf(panel, asked, { variables, formats }),
    [asked, panel, formats],
  );
  const shown = useMemo(() => lines.filter(({ name }) => !hidden.has(name)), [lines, hidden]);
  if (lines.every(({ values }) => values.every((value) => value === null)))
    return <p class="panel-note">{texts.noData}</p>;
  return (
    <div class="over-time">
      <div ref={element} class="plot-area" role="img" aria-label={metrics.graphLabel}>
        {height > 0 && (
          <Plot
            {...{ times, unit, marks, zoom, height }}
            lines={shown}
            stack={panel.stack ?? "off"}
            min={panel.min}
            max={panel.max}
            logarithmic={panel.logarithmic}
          />
        )}
      </div>
      {panel.legend !== "hidden" && (
        <div class="panel-legend">
          <Legend
            {...{ lines, unit, hidden }}
            toggle={(name, alone) =>
              setHidden(
                toggled(
                  hidden,
                  lines.map((line) => line.name),
                  { name, alone },
                ),
              )
            }
            as={panel.legend ?? "list"}
          />
          {left > 0 && <p class="muted">{metrics.more(left)}</p>}
        </div>
      )}
    </div>
  );
}

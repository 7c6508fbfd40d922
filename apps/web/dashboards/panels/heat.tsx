import { useMemo } from "preact/hooks";
import { useFormats } from "../../kit/context.ts";
import { heatmapOf } from "../../metrics/buckets.ts";
import { HeatmapPlot } from "../../metrics/heatmap.tsx";
import { useMetricTexts } from "../../metrics/texts.ts";
import { momentsOf } from "../../metrics/window.ts";
import { useBoard } from "../context.ts";
import { panelUnit } from "../series.ts";
import { useHeight } from "../use-panel.ts";
import type { PanelViewProps } from "./view.tsx";

export function Heat({ panel, asked }: PanelViewProps) {
  const formats = useFormats();
  const metrics = useMetricTexts();
  const { marks, zoom } = useBoard();
  const { element, height } = useHeight();
  const unit = useMemo(() => panelUnit(panel, formats), [panel, formats]);
  const heatmap = useMemo(() => {
    const series = asked.answers.flatMap((answer) => answer?.series ?? []);
    return heatmapOf(series, momentsOf(asked.window), asked.window.step);
  }, [asked]);
  if (!heatmap) return <p class="panel-note">{metrics.noBuckets}</p>;
  return (
    <div class="over-time">
      <div ref={element} class="plot-area" role="img" aria-label={metrics.graphLabel}>
        {height > 0 && <HeatmapPlot {...{ heatmap, unit, height, marks, zoom }} />}
      </div>
    </div>
  );
}

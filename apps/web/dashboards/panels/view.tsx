import type { DashboardPanel } from "@havn/model";
import type { PanelAsked, PanelState } from "../use-panel.ts";
import { Bars, Gauge, Stat } from "./figures.tsx";
import { Heat } from "./heat.tsx";
import { Table } from "./table.tsx";
import { TimeSeries } from "./time-series.tsx";

export interface PanelViewProps {
  panel: DashboardPanel;
  asked: PanelAsked;
  variables: PanelState["variables"];
}

/** What a panel shows of its answers. */
export function PanelView(props: PanelViewProps) {
  switch (props.panel.kind) {
    case "timeseries":
      return <TimeSeries {...props} />;
    case "stat":
      return <Stat {...props} />;
    case "gauge":
      return <Gauge {...props} />;
    case "bar":
      return <Bars {...props} />;
    case "table":
      return <Table {...props} />;
    case "heatmap":
      return <Heat {...props} />;
    case "text":
    case "row":
      return null;
  }
}

import { useEffect, useState } from "preact/hooks";
import { useApplication, useMessages } from "../kit/context.ts";
import { quoted } from "../kit/prometheus.ts";
import { unitOf } from "../metrics/units.ts";
import { HistoryChart } from "./history-chart.tsx";

interface Measure {
  label: string;
  unit: string;
  limits: { name: string; value: number }[];
}

/** A chart for each value that the check measures, with the limits that it was given. */
export function Performance({ address, seconds }: { address: string; seconds: number }) {
  const { formats } = useApplication();
  const messages = useMessages().checks;
  const measures = useMeasures(address);
  const resource = `resource=${quoted(address)}`;
  return (
    <div class="charts">
      {measures.map(({ label, unit, limits }) => (
        <HistoryChart
          key={label}
          title={label}
          name={label}
          query={`havn_check_value{${resource},label=${quoted(label)}}`}
          unit={unitOf(unit === "" ? "none" : unit, formats)}
          {...{ seconds, limits }}
        />
      ))}
      <HistoryChart
        title={messages.duration}
        query={`havn_check_duration_seconds{${resource}}`}
        unit={unitOf("seconds", formats)}
        seconds={seconds}
      />
    </div>
  );
}

const limitNames = {
  havn_check_value_warning: "warning",
  havn_check_value_critical: "critical",
} as const;

function useMeasures(address: string): Measure[] {
  const { api } = useApplication();
  const { states } = useMessages().checks;
  const [measures, setMeasures] = useState<Measure[]>([]);
  useEffect(() => {
    const stopping = new AbortController();
    api
      .query(
        `last_over_time({__name__=~"havn_check_value(_warning|_critical)?",resource=${quoted(address)}}[1h])`,
        stopping.signal,
      )
      .then(
        (series) => {
          const found = new Map<string, Measure>();
          for (const { metric, value } of series) {
            const label = metric.label ?? "";
            const known = found.get(label) ?? { label, unit: metric.unit ?? "", limits: [] };
            const limit = limitNames[metric["__name__"] as keyof typeof limitNames];
            if (limit) known.limits.push({ name: states[limit], value: Number(value?.[1]) });
            if (!limit && metric.unit) known.unit = metric.unit;
            found.set(label, known);
          }
          setMeasures([...found.values()].sort((a, b) => (a.label < b.label ? -1 : 1)));
        },
        // Without measurements the page still tells the state.
        () => undefined,
      );
    return () => stopping.abort();
  }, [address]);
  return measures;
}

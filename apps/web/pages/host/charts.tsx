import { useFormats, useMessages } from "../../kit/context.ts";
import { quoted } from "../../kit/prometheus.ts";
import { Chart } from "../../ui/chart.tsx";

/** How a host fares, from the metrics of its agent under node_exporter's names. */
export function HostCharts(props: { environment: string; host: string; windowSeconds: number }) {
  const messages = useMessages().host;
  const formats = useFormats();
  const { windowSeconds } = props;
  const at = `host=${quoted(props.host)},env=${quoted(props.environment)}`;
  // Wide enough for two samples at every resolution that the window has.
  const span = windowSeconds > 3600 ? "5m" : windowSeconds > 900 ? "1m" : "30s";
  const named = (name: string, expr: string) => ({ expr, name: () => name });
  return (
    <div class="charts">
      <Chart
        title={messages.cpu}
        queries={[named(messages.used, `1 - avg(rate(node_cpu_seconds_total{mode="idle",${at}}[${span}]))`)]}
        format={formats.percent}
        maximum={1}
        windowSeconds={windowSeconds}
      />
      <Chart
        title={messages.memory}
        queries={[
          named(
            messages.used,
            `1 - sum(node_memory_MemAvailable_bytes{${at}}) / sum(node_memory_MemTotal_bytes{${at}})`,
          ),
        ]}
        format={formats.percent}
        maximum={1}
        windowSeconds={windowSeconds}
      />
      <Chart
        title={messages.disk}
        queries={[
          named(messages.read, `sum(rate(node_disk_read_bytes_total{${at}}[${span}]))`),
          named(messages.written, `sum(rate(node_disk_written_bytes_total{${at}}[${span}]))`),
        ]}
        format={formats.bytesPerSecond}
        binary
        windowSeconds={windowSeconds}
      />
      <Chart
        title={messages.network}
        queries={[
          named(
            messages.received,
            `sum(rate(node_network_receive_bytes_total{device!="lo",${at}}[${span}]))`,
          ),
          named(messages.sent, `sum(rate(node_network_transmit_bytes_total{device!="lo",${at}}[${span}]))`),
        ]}
        format={formats.bytesPerSecond}
        binary
        windowSeconds={windowSeconds}
      />
    </div>
  );
}

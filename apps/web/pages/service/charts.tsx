import { useFormats, useMessages } from "../../kit/context.ts";
import { quoted } from "../../kit/prometheus.ts";
import { Chart } from "../../ui/chart.tsx";

/** What a service serves: rate, failures and time, from its own HTTP metrics. */
export function ServiceCharts(props: { environment: string; service: string; windowSeconds: number }) {
  const messages = useMessages().service;
  const formats = useFormats();
  const { windowSeconds } = props;
  const of = `service=${quoted(props.service)},env=${quoted(props.environment)}`;
  const span = windowSeconds > 3600 ? "5m" : windowSeconds > 900 ? "1m" : "30s";
  return (
    <div class="charts three">
      <Chart
        title={messages.requests}
        queries={[
          {
            expr: `sum by (instance) (rate(http_requests_total{${of}}[${span}]))`,
            name: ({ metric }) => metric.instance ?? messages.total,
          },
        ]}
        format={formats.perSecond}
        windowSeconds={windowSeconds}
      />
      <Chart
        title={messages.errorRate}
        queries={[
          {
            expr:
              // From what went well: a service that never failed has no series of failures, and that is 0, not nothing.
              `1 - sum(rate(http_requests_total{code!~"5..",${of}}[${span}]))` +
              ` / sum(rate(http_requests_total{${of}}[${span}]))`,
            name: () => messages.share,
          },
        ]}
        format={formats.percent}
        least={0.01}
        windowSeconds={windowSeconds}
      />
      <Chart
        title={messages.latency}
        queries={[
          {
            expr:
              `sum by (instance) (rate(http_request_duration_seconds_sum{${of}}[${span}]))` +
              ` / sum by (instance) (rate(http_request_duration_seconds_count{${of}}[${span}]))`,
            name: ({ metric }) => metric.instance ?? messages.mean,
          },
        ]}
        format={formats.seconds}
        windowSeconds={windowSeconds}
      />
    </div>
  );
}

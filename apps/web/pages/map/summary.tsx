import type { EnvironmentStatus } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { quoted, useValues } from "../../kit/prometheus.ts";
import { Icon } from "../../ui/icon.tsx";
import { Figure } from "../../ui/parts.tsx";

/** The environment in one line: well or not, and how much it serves. */
export function Summary({ status }: { status: EnvironmentStatus }) {
  const messages = useMessages().map;
  const formats = useFormats();
  const env = `env=${quoted(status.environment)}`;
  const rate = useOne(`sum(rate(http_requests_total{${env}}[30s]))`);
  const latency = useOne(
    `sum(rate(http_request_duration_seconds_sum{${env}}[30s])) / sum(rate(http_request_duration_seconds_count{${env}}[30s]))`,
  );
  const errors = useOne(
    `1 - sum(rate(http_requests_total{code!~"5..",${env}}[30s])) / sum(rate(http_requests_total{${env}}[30s]))`,
  );
  const { problems, grave } = problemsOf(status);
  const tone = problems === 0 ? "good" : grave ? "bad" : "warn";
  return (
    <>
      <span class={`verdict ${tone}`}>
        <Icon name={problems > 0 ? "warning" : "healthy"} size={18} />
        {problems > 0 ? messages.problems(problems) : messages.allWell}
      </span>
      {rate !== undefined && (
        <div class="figures">
          <Figure value={formats.number(rate)} label={messages.perSecond} />
          {latency !== undefined && <Figure value={formats.seconds(latency)} label={messages.latency} />}
          <Figure
            value={formats.percent(Math.max(0, errors ?? 0))}
            label={messages.errors}
            tone={errors !== undefined && errors > 0.01 ? "bad" : undefined}
          />
        </div>
      )}
    </>
  );
}

function useOne(expr: string): number | undefined {
  const value = useValues(expr, "")?.get("");
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** Everything that wants a person's eye. What is down or fires is grave; what has drifted can wait. */
export function problemsOf(status: EnvironmentStatus): { problems: number; grave: boolean } {
  const instances = status.services.flatMap((service) => service.instances);
  const grave =
    status.hosts.filter(({ connected }) => !connected).length +
    instances.filter(({ health }) => health === "unhealthy").length +
    status.alerts.filter(({ state }) => state === "firing").length;
  const drifted = status.hosts.filter(({ driftedResources }) => driftedResources > 0).length;
  return { problems: grave + drifted, grave: grave > 0 };
}

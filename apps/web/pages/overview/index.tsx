import type { EnvironmentSummary } from "../../kit/api.ts";
import { useMessages } from "../../kit/context.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { HealthMark } from "../../ui/health.tsx";
import { EmptyState } from "../../ui/states.tsx";

export const page = definePage({
  path: "/",
  nav: { label: "overview", icon: "overview", order: 0, key: "e" },
  title: (messages) => messages.overview.title,
  load: ({ api, signal }) => api.environments(signal),
  view: ({ data: { environments } }) => {
    const { overview } = useMessages();
    if (environments.length === 0)
      return (
        <EmptyState
          icon="overview"
          title={overview.empty}
          detail={overview.emptyDetail}
          command="./havn up examples/hello"
        />
      );
    return (
      <>
        <header class="page-head">
          <h1>{overview.title}</h1>
        </header>
        <ul class="cards">
          {environments.map((one) => (
            <EnvironmentCard key={one.environment} summary={one} />
          ))}
        </ul>
      </>
    );
  },
});

function EnvironmentCard({ summary }: { summary: EnvironmentSummary }) {
  const { overview } = useMessages();
  return (
    <li>
      <a class="card" href={pathTo("/environments/:environment", { environment: summary.environment })}>
        <span class="card-title">{summary.environment}</span>
        <HealthMark health={summary.health} />
        <span class="card-facts">
          <span>{overview.hosts(summary.hosts)}</span>
          <span>{overview.services(summary.services)}</span>
          <span class={summary.alerts > 0 ? "bad" : ""}>{overview.alerts(summary.alerts)}</span>
        </span>
      </a>
    </li>
  );
}

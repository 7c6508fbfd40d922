import { useMessages } from "../../kit/context.ts";
import type { IncidentDetail } from "../../kit/respond-api.ts";
import { pathTo } from "../../kit/router.ts";
import { exploreAddress } from "../../metrics/explore-state.ts";
import { Icon } from "../../ui/icon.tsx";
import { Panel } from "../../ui/parts.tsx";

/** What it concerns, and where to look: charts over its time, and logs. */
export function Places({ detail, environment }: { detail: IncidentDetail; environment: string }) {
  const messages = useMessages().incidents;
  const { services, links } = detail;
  return (
    <Panel title={messages.where}>
      {services.length > 0 && (
        <p class="link-list">
          <span class="muted">{messages.services}</span>
          {services.map((service) => (
            <a
              key={service}
              href={pathTo("/environments/:environment/services/:service", { environment, service })}
            >
              {service}
            </a>
          ))}
        </p>
      )}
      {services.length + links.length === 0 && <p class="muted">{messages.nowhere}</p>}
      <ul class="link-rows">
        {links.map(({ kind, title, expr, labels, from, to }) => (
          <li key={`${kind} ${title}`}>
            <Icon name={kind === "chart" ? "explore" : "timeline"} size={14} />{" "}
            <a
              href={
                kind === "chart"
                  ? exploreAddress({
                      exprs: [{ expr: expr ?? "" }],
                      time: { kind: "fixed", start: Math.floor(from / 1000), end: Math.ceil(to / 1000) },
                    })
                  : labels?.service
                    ? pathTo("/environments/:environment/services/:service", {
                        environment,
                        service: labels.service,
                      })
                    : pathTo("/environments/:environment/hosts/:host", {
                        environment,
                        host: labels?.host ?? "",
                      })
              }
            >
              {kind === "chart" ? messages.chartOf(title) : messages.logsOf(title)}
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

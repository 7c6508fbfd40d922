import type { Alert } from "@havn/model";
import { useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { AlertList } from "../../ui/alerts.tsx";
import { Panel } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";

interface AlertsData {
  alerts: Alert[];
}

export const page = definePage({
  path: "/environments/:environment/alerts",
  nav: { label: "alerts", icon: "alert", order: 3, key: "a" },
  title: (messages, { environment }) => `${messages.alerts.title} · ${environment}`,
  load: ({ api, params, signal }): Promise<AlertsData> =>
    api.alerts({ environment: params.environment }, signal),
  live: ({ environment }) => [
    topics.status(environment, ({ alerts }: AlertsData, status) => ({
      alerts: merge(alerts, status.alerts),
    })),
  ],
  view: ({ data: { alerts } }) => {
    const messages = useMessages().alerts;
    const of = (state: Alert["state"]) => alerts.filter((alert) => alert.state === state);
    const [firing, pending] = [of("firing"), of("pending")];
    const resolved = of("resolved").sort((left, right) => (right.resolvedAt ?? 0) - (left.resolvedAt ?? 0));
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
        </header>
        {firing.length + pending.length === 0 && (
          <EmptyState icon="healthy" title={messages.none} detail={messages.noneDetail} />
        )}
        {(
          [
            [messages.firing, firing],
            [messages.pending, pending],
            [messages.resolved, resolved.slice(0, 50)],
          ] as const
        ).map(
          ([title, list]) =>
            list.length > 0 && (
              <Panel key={title} title={`${title} (${list.length})`} flush>
                <AlertList alerts={list} />
              </Panel>
            ),
        )}
      </>
    );
  },
});

/** The status names what is pending or firing now; what it no longer names has just been resolved. */
function merge(before: Alert[], active: Alert[]): Alert[] {
  const now = new Set(active.map(({ fingerprint }) => fingerprint));
  const gone = before
    .filter(({ fingerprint, state }) => !now.has(fingerprint) && state !== "inactive")
    .filter(({ state }) => state !== "pending")
    .map((alert): Alert => ({ ...alert, state: "resolved", resolvedAt: alert.resolvedAt ?? Date.now() }));
  return [...active, ...gone];
}

import type { EnvironmentStatus, Event, ResourceGraph } from "@havn/model";
import { useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { AlertList } from "../../ui/alerts.tsx";
import { ApplyProgress } from "../../ui/apply.tsx";
import { EventList } from "../../ui/events.tsx";
import { Panel } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Diagram } from "./diagram.tsx";
import { Summary } from "./summary.tsx";

interface MapData {
  status: EnvironmentStatus;
  /** Undefined while nothing has been applied. */
  graph: ResourceGraph | undefined;
  events: Event[];
}

const shownEvents = 10;

export const page = definePage({
  path: "/environments/:environment",
  nav: { label: "map", icon: "map", order: 1, key: "m" },
  title: (messages, { environment }) => `${environment} · ${messages.nav.map}`,
  async load({ api, params: { environment }, signal }): Promise<MapData> {
    const [status, graph, { events }] = await Promise.all([
      api.status(environment, signal),
      api.graph(environment, signal).catch(() => undefined),
      api.events({ environment, limit: shownEvents }, signal),
    ]);
    return { status, graph, events };
  },
  live: ({ environment }) => [
    topics.status(environment, (data: MapData, status) => ({ ...data, status })),
    topics.events(environment, (data: MapData, event) =>
      data.events.some(({ id }) => id === event.id)
        ? data
        : { ...data, events: [event, ...data.events].slice(0, shownEvents) },
    ),
  ],
  view: ({ data: { status, graph, events }, params: { environment } }) => {
    const messages = useMessages();
    const alerts = status.alerts.filter(({ state }) => state === "firing");
    return (
      <>
        <header class="page-head">
          <h1>{environment}</h1>
          <Summary status={status} />
        </header>
        {status.activity.map(({ id }) => (
          <ApplyProgress key={id} id={id} />
        ))}
        {alerts.length > 0 && (
          <Panel title={`${messages.alerts.firing} (${alerts.length})`} flush>
            <AlertList alerts={alerts} />
          </Panel>
        )}
        {status.hosts.length === 0 ? (
          <EmptyState
            icon="map"
            title={messages.map.empty}
            detail={messages.map.emptyDetail}
            command={"./havn plan\n./havn apply"}
          />
        ) : (
          <Diagram status={status} graph={graph} />
        )}
        {events.length > 0 && (
          <Panel
            title={messages.map.recent}
            aside={
              <a href={pathTo("/environments/:environment/timeline", { environment })}>{messages.map.all}</a>
            }
            flush
          >
            <EventList events={events} label={messages.timeline.label} />
          </Panel>
        )}
      </>
    );
  },
});

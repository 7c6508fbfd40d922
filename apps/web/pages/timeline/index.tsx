import type { Event, HostStatus, ServiceStatus } from "@havn/model";
import { useRef, useState } from "preact/hooks";
import type { Api } from "../../kit/api.ts";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { EventList } from "../../ui/events.tsx";
import { EmptyState } from "../../ui/states.tsx";

const pageSize = 100;

interface TimelineData {
  events: Event[];
  hosts: HostStatus[];
  services: ServiceStatus[];
  /** Newest id at loading: what is newer came live. */
  loadedUpTo: number;
  complete: boolean;
}

export const page = definePage({
  path: "/environments/:environment/timeline",
  nav: { label: "timeline", icon: "timeline", order: 2, key: "t" },
  title: (messages, { environment }) => `${messages.timeline.title} · ${environment}`,
  async load({ api, params: { environment }, query, signal }): Promise<TimelineData> {
    const [{ events }, status] = await Promise.all([
      api.events({ ...filterOf(environment, query), limit: pageSize }, signal),
      api.status(environment, signal).catch(() => ({ hosts: [], services: [] })),
    ]);
    return {
      events,
      hosts: status.hosts,
      services: status.services,
      loadedUpTo: events[0]?.id ?? 0,
      complete: events.length < pageSize,
    };
  },
  live: ({ environment }) => [
    topics.events(environment, (data: TimelineData, event) =>
      data.events.some(({ id }) => id === event.id) || !fits(event, new URLSearchParams(location.search))
        ? data
        : { ...data, events: [event, ...data.events] },
    ),
  ],
  view: ({ data, params: { environment }, query, update }) => {
    const messages = useMessages().timeline;
    const { api } = useApplication();
    const [text, setText] = useState("");
    const shown = data.events.filter(
      ({ summary, kind, actor }) =>
        text === "" || `${summary} ${kind} ${actor}`.toLowerCase().includes(text.toLowerCase()),
    );
    const filtered = text !== "" || ["kind", "host", "service"].some((name) => query.has(name));
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
          <Filters {...{ data, environment, query, text, setText }} />
        </header>
        {shown.length === 0 ? (
          <EmptyState
            icon="timeline"
            title={filtered ? messages.emptyFilter : messages.empty}
            detail={filtered ? undefined : messages.emptyDetail}
          >
            {filtered && (
              <a
                class="button"
                href={pathTo("/environments/:environment/timeline", { environment })}
                onClick={() => setText("")}
              >
                {messages.clear}
              </a>
            )}
          </EmptyState>
        ) : (
          <Days events={shown} fresh={data.loadedUpTo} />
        )}
        {!data.complete && (
          <Older
            more={() =>
              loadOlder(api, data, filterOf(environment, query)).then((older) => update(() => older))
            }
          />
        )}
      </>
    );
  },
});

function Older({ more }: { more(): Promise<void> }) {
  const { older } = useMessages().timeline;
  const busy = useRef(false);
  const load = () => {
    if (busy.current) return;
    busy.current = true;
    void more().finally(() => {
      busy.current = false;
    });
  };
  return (
    <p class="older">
      <button type="button" class="button" onClick={load}>
        {older}
      </button>
    </p>
  );
}

async function loadOlder(api: Api, data: TimelineData, filter: Record<string, string | undefined>) {
  const before = data.events.at(-1)?.id;
  const { events } = await api.events({ ...filter, before, limit: pageSize });
  return { ...data, events: [...data.events, ...events], complete: events.length < pageSize };
}

function filterOf(environment: string, query: URLSearchParams) {
  const [host, service] = [query.get("host"), query.get("service")];
  return {
    environment,
    kind: query.get("kind") ?? undefined,
    host: host ? `${environment}/host/${host}` : undefined,
    address: service ? `${environment}/service/${service}` : undefined,
  };
}

/** As the server filters, for events that arrive live. */
function fits(event: Event, query: URLSearchParams): boolean {
  const [kind, host, service] = [query.get("kind"), query.get("host"), query.get("service")];
  return (
    (!kind || event.kind === kind || event.kind.startsWith(`${kind}.`)) &&
    (!host || event.host?.split("/").at(-1) === host) &&
    (!service || event.address?.endsWith(`/service/${service}`) === true)
  );
}

function Filters(props: {
  data: TimelineData;
  environment: string;
  query: URLSearchParams;
  text: string;
  setText(text: string): void;
}) {
  const messages = useMessages().timeline;
  const { data, environment, query } = props;
  const choose = (name: string, value: string) => {
    const next = { ...Object.fromEntries(query), [name]: value };
    navigate(pathTo("/environments/:environment/timeline", { environment }, next));
  };
  const select = (name: "kind" | "host" | "service", options: [string, string][]) => (
    <label>
      <span>{messages[name]}</span>
      <select
        aria-label={messages[name]}
        value={query.get(name) ?? ""}
        onChange={(event) => choose(name, event.currentTarget.value)}
      >
        <option value="">{messages.any}</option>
        {options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
  const names = (list: readonly { name: string }[]) => list.map(({ name }): [string, string] => [name, name]);
  return (
    <div class="filters">
      <input
        type="search"
        data-filter
        placeholder={messages.filter}
        aria-label={messages.filter}
        value={props.text}
        onInput={(event) => props.setText(event.currentTarget.value)}
      />
      {select("kind", Object.entries(messages.kinds))}
      {select("host", names(data.hosts))}
      {select("service", names(data.services))}
    </div>
  );
}

function Days({ events, fresh }: { events: Event[]; fresh: number }) {
  const messages = useMessages().timeline;
  const formats = useFormats();
  const days = Map.groupBy(events, ({ at }) => new Date(at).toDateString());
  const nameOf = (day: string, at: number) => {
    if (day === new Date().toDateString()) return messages.today;
    if (day === new Date(Date.now() - 86_400_000).toDateString()) return messages.yesterday;
    return formats.day(at);
  };
  return (
    <div class="days">
      {[...days].map(([day, list]) => (
        <section key={day} class="panel flush">
          <h2 class="day">{nameOf(day, list[0]?.at ?? 0)}</h2>
          <EventList events={list} label={messages.label} fresh={fresh} />
        </section>
      ))}
    </div>
  );
}

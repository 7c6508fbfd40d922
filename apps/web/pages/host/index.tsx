import type { EnvironmentStatus, Event, HostStatus } from "@havn/model";
import type { DriftedResource } from "../../kit/api.ts";
import { useFormats, useMessages, useNow } from "../../kit/context.ts";
import { lazy } from "../../kit/lazy.tsx";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { AlertList } from "../../ui/alerts.tsx";
import { EventList } from "../../ui/events.tsx";
import { HealthMark, hostHealth } from "../../ui/health.tsx";
import { InstanceTable } from "../../ui/instances.tsx";
import { Logs } from "../../ui/logs.tsx";
import { Ago, Change, Panel } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { UnmanagedPanel } from "./unmanaged.tsx";

interface HostData {
  status: EnvironmentStatus;
  drift: DriftedResource[];
  checkedAt: number | undefined;
  events: Event[];
}

const Charts = lazy(() => import("../../dashboards/built-in.tsx"));

export const page = definePage({
  path: "/environments/:environment/hosts/:host",
  title: (_messages, { environment, host }) => `${host} · ${environment}`,
  async load({ api, params: { environment, host }, signal }): Promise<HostData> {
    const [status, drift, { events }] = await Promise.all([
      api.status(environment, signal),
      api.drift(environment, signal).catch(() => ({ drift: [], checkedAt: undefined })),
      api.events({ environment, host: `${environment}/host/${host}`, limit: 12 }, signal),
    ]);
    return {
      status,
      drift: drift.drift.filter((one) => one.host.split("/").at(-1) === host),
      checkedAt: drift.checkedAt,
      events,
    };
  },
  live: ({ environment, host }) => [
    topics.status(environment, (data: HostData, status) => ({ ...data, status })),
    topics.events(environment, (data: HostData, event) =>
      event.host?.split("/").at(-1) === host
        ? { ...data, events: [event, ...data.events].slice(0, 12) }
        : data,
    ),
  ],
  view: ({ data, params: { environment, host: name }, query }) => {
    const messages = useMessages();
    const host = data.status.hosts.find((one) => one.name === name);
    if (!host)
      return (
        <EmptyState icon="host" title={messages.host.missing(name)} detail={messages.host.missingDetail} />
      );
    const instances = data.status.services.flatMap((service) =>
      service.instances.filter((one) => one.host === name),
    );
    const alerts = data.status.alerts.filter(
      ({ address, labels }) => labels.host === name || address === host.address,
    );
    return (
      <>
        <header class="page-head">
          <h1>{name}</h1>
          <HealthMark health={hostHealth(host)} />
          <span class="muted">{host.ip}</span>
        </header>
        {!host.connected && (
          <div class="banner warn" role="status">
            <b>{messages.host.away}</b> {messages.host.awayDetail}
          </div>
        )}
        {alerts.length > 0 && (
          <Panel title={messages.alerts.title} flush>
            <AlertList alerts={alerts} />
          </Panel>
        )}
        <Charts kind="host" environment={environment} name={name} query={query} />
        <div class="columns">
          <Panel title={messages.host.facts}>
            <FactList host={host} />
          </Panel>
          <Panel title={messages.host.instances} flush>
            {instances.length > 0 ? (
              <InstanceTable environment={environment} instances={instances} by="service" />
            ) : (
              <p class="note">{messages.host.noInstances}</p>
            )}
          </Panel>
        </div>
        <Drift data={data} />
        {host.connected && <UnmanagedPanel environment={environment} host={name} />}
        <Logs environment={environment} host={name} />
        {data.events.length > 0 && (
          <Panel title={messages.nav.timeline} flush>
            <EventList events={data.events} label={messages.timeline.label} />
          </Panel>
        )}
      </>
    );
  },
});

function Drift({ data: { drift, checkedAt } }: { data: HostData }) {
  const messages = useMessages().host;
  const formats = useFormats();
  const now = useNow();
  const checked = checkedAt !== undefined && (
    <span class="muted">{messages.driftChecked(formats.ago(checkedAt, now))}</span>
  );
  return (
    <Panel title={drift.length > 0 ? `${messages.drift} (${drift.length})` : messages.drift} aside={checked}>
      {drift.length === 0 && <p class="good">{messages.noDrift}</p>}
      {drift.map((one) => (
        <article class="drifted" key={one.address}>
          <h3>
            <code>{one.address.split("/").slice(1).join("/")}</code>
          </h3>
          {one.error && <p class="bad">{one.error}</p>}
          {one.changes.map((change) => (
            <Change key={change.property} change={change} />
          ))}
        </article>
      ))}
      {drift.length > 0 && (
        <p class="mend">
          {messages.mend} <code class="command">./havn apply</code>
        </p>
      )}
    </Panel>
  );
}

function FactList({ host }: { host: HostStatus }) {
  const messages = useMessages().host;
  const formats = useFormats();
  const { facts } = host;
  const rows: [string, preact.ComponentChildren][] = [
    ...(facts
      ? ([
          [messages.os, facts.os.name],
          [messages.kernel, `${facts.kernel} ${facts.architecture}`],
          [messages.hardware, `${messages.cpus(facts.cpus)}, ${formats.bytes(facts.memoryBytes)}`],
          [messages.addresses, facts.addresses.join(", ")],
          [messages.agent, facts.agentVersion],
        ] as [string, string][])
      : []),
    [messages.machine, messages.machineStates[host.machine]],
    ...(host.lastSeen === undefined
      ? []
      : ([[messages.lastSeen, <Ago key="seen" at={host.lastSeen} />]] as [
          string,
          preact.ComponentChildren,
        ][])),
  ];
  return (
    <dl class="facts">
      {rows.map(([term, value]) => [<dt key={term}>{term}</dt>, <dd key={`${term} value`}>{value}</dd>])}
    </dl>
  );
}

import type { EnvironmentStatus, Release, ServiceStatus } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import { lazy } from "../../kit/lazy.tsx";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { AlertList } from "../../ui/alerts.tsx";
import { ApplyProgress } from "../../ui/apply.tsx";
import { HealthMark } from "../../ui/health.tsx";
import { Icon } from "../../ui/icon.tsx";
import { InstanceTable } from "../../ui/instances.tsx";
import { Logs } from "../../ui/logs.tsx";
import { Panel, shortRelease } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Releases } from "./releases.tsx";

interface ServiceData {
  status: EnvironmentStatus;
  releases: Release[];
}

const Charts = lazy(() => import("../../dashboards/built-in.tsx"));

export const page = definePage({
  path: "/environments/:environment/services/:service",
  title: (_messages, { environment, service }) => `${service} · ${environment}`,
  async load({ api, params: { environment, service }, signal }): Promise<ServiceData> {
    const [status, { releases }] = await Promise.all([
      api.status(environment, signal),
      api.releases(environment, service, signal).catch(() => ({ releases: [] })),
    ]);
    return { status, releases };
  },
  live: ({ environment, service: name }) => [
    topics.status(environment, ({ releases }: ServiceData, status) => {
      const release = status.services.find((one) => one.name === name)?.release;
      const known =
        !release || releases.some(({ id, number }) => id === release.id && number === release.number);
      return { status, releases: known ? releases : [release, ...releases] };
    }),
  ],
  view: ({ data: { status, releases }, params: { environment, service: name }, query }) => {
    const messages = useMessages();
    const [started, setStarted] = useState<string>();
    const service = status.services.find((one) => one.name === name);
    if (!service)
      return (
        <EmptyState
          icon="service"
          title={messages.service.missing(name)}
          detail={messages.host.missingDetail}
        />
      );
    const alerts = status.alerts.filter(
      ({ address, labels }) => address === service.address || labels.service === name,
    );
    const balanced = status.balancers.some((balancer) => balancer.service === name);
    const applies = new Set([...(started ? [started] : []), ...status.activity.map(({ id }) => id)]);
    return (
      <>
        <header class="page-head">
          <h1>{name}</h1>
          <HealthMark health={service.health} />
          <ServiceFacts service={service} />
        </header>
        {[...applies].map((id) => (
          <ApplyProgress key={id} id={id} />
        ))}
        {alerts.length > 0 && (
          <Panel title={messages.alerts.title} flush>
            <AlertList alerts={alerts} />
          </Panel>
        )}
        <Charts kind="service" environment={environment} name={name} query={query} />
        <div class="columns even">
          <Panel title={messages.service.instances} flush>
            <InstanceTable environment={environment} instances={service.instances} by="host" />
          </Panel>
          <Releases {...{ environment, service, releases, balanced }} started={setStarted} />
        </div>
        <Logs environment={environment} service={name} />
      </>
    );
  },
});

function ServiceFacts({ service }: { service: ServiceStatus }) {
  const { service: messages } = useApplication().messages;
  return (
    <>
      {service.release && (
        <span class="muted">
          {messages.release} {service.release.number} <code>{shortRelease(service.release.id)}</code>
        </span>
      )}
      {service.url && (
        <a href={service.url} target="_blank" rel="noopener noreferrer">
          {service.url.replace(/^https?:\/\//, "").replace(/\/$/, "")} <Icon name="external" size={13} />
        </a>
      )}
    </>
  );
}

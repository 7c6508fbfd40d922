import type { BalancerStatus, InstanceStatus } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { pathTo } from "../../kit/router.ts";
import { HealthMark, hostHealth } from "../../ui/health.tsx";
import { Icon } from "../../ui/icon.tsx";
import { instanceLabel } from "../../ui/instances.tsx";
import { shortRelease } from "../../ui/parts.tsx";
import type { Traffic } from "./diagram.tsx";
import { isUp, type MapHost } from "./tiers.ts";

interface HostCardProps {
  environment: string;
  entry: MapHost;
  traffic: Traffic;
}

export function HostCard({ environment, entry, traffic }: HostCardProps) {
  const { host, balancers, instances, resources } = entry;
  const messages = useMessages();
  const health = hostHealth(host);
  const count = [...resources.values()].reduce((sum, one) => sum + one, 0);
  return (
    <article class={`host-card host-${health}`} data-node={`host:${host.name}`}>
      <header>
        <HealthMark health={health} compact />
        <h2>
          <a href={pathTo("/environments/:environment/hosts/:host", { environment, host: host.name })}>
            {host.name}
          </a>
        </h2>
        <span class="muted">{host.ip}</span>
      </header>
      {health !== "healthy" && <p class="bad">{messages.health[health]}</p>}
      <Load name={messages.host.cpu} share={traffic.cpu?.get(host.name)} />
      <Load name={messages.host.memory} share={traffic.memory?.get(host.name)} />
      {balancers.map((balancer) => (
        <Balancer key={balancer.name} balancer={balancer} />
      ))}
      {instances.map((instance) => (
        <Instance key={instance.id} {...{ environment, instance, traffic }} />
      ))}
      {[...resources].some(([type]) => type.startsWith("postgres")) && (
        <div class="row row-head">
          <Icon name="database" /> <b>PostgreSQL</b>
        </div>
      )}
      <footer>
        {count > 0 && <span>{messages.map.resources(count)}</span>}
        {host.driftedResources > 0 && (
          <span class="warn">
            <Icon name="drift" size={13} /> {messages.map.drifted(host.driftedResources)}
          </span>
        )}
      </footer>
    </article>
  );
}

function Load({ name, share }: { name: string; share: number | undefined }) {
  const formats = useFormats();
  if (share === undefined || !Number.isFinite(share)) return null;
  const bounded = Math.min(1, Math.max(0, share));
  return (
    <div class="load">
      <span>{name}</span>
      <meter min={0} max={1} high={0.85} value={bounded} aria-label={name} />
      <b>{formats.percent(Math.round(bounded * 100) / 100)}</b>
    </div>
  );
}

function Balancer({ balancer }: { balancer: BalancerStatus }) {
  const { map } = useMessages();
  const used = balancer.slots.filter(({ instance }) => instance !== undefined);
  const free = balancer.slots.length - used.length;
  return (
    <div class="row balancer" data-node={`balancer:${balancer.name}`}>
      <div class="row-head">
        <Icon name="balancer" /> <b>{balancer.name}</b>
        {balancer.url && (
          <a href={balancer.url} target="_blank" rel="noopener noreferrer">
            {balancer.url.replace(/^https?:\/\//, "").replace(/\/$/, "")}
          </a>
        )}
      </div>
      <ul class="slots" aria-label={map.slots}>
        {used.map(({ slot, state, sessions, instance }) => (
          <li
            key={slot}
            class={isUp(state) ? "slot up" : /down/i.test(state) ? "slot down" : "slot aside"}
            title={`${instance}: ${map.sessions(sessions)}`}
          >
            {slot.replace(/^slot/, "")} <b>{state}</b>
          </li>
        ))}
        {free > 0 && <li class="muted">{map.slotsFree(free)}</li>}
      </ul>
    </div>
  );
}

function Instance(props: { environment: string; instance: InstanceStatus; traffic: Traffic }) {
  const { environment, instance, traffic } = props;
  const formats = useFormats();
  const rate = traffic.rates?.get(instanceLabel(instance));
  return (
    <div class="row" data-node={`instance:${instance.id}`}>
      <div class="row-head">
        <HealthMark health={instance.health} compact />
        <a
          href={pathTo("/environments/:environment/services/:service", {
            environment,
            service: instance.service,
          })}
        >
          <b>{instance.service}</b>
        </a>
        <code>{shortRelease(instance.release)}</code>
        <span class="push rate">{rate === undefined ? `:${instance.port}` : formats.perSecond(rate)}</span>
      </div>
      {instance.health !== "healthy" && instance.detail && <p class="bad">{instance.detail}</p>}
    </div>
  );
}

import type { Alert } from "@havn/model";
import { useFormats, useMessages, useNow } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Icon } from "./icon.tsx";

export function AlertList({ alerts }: { alerts: Alert[] }) {
  return (
    <ul class="alerts">
      {alerts.map((alert) => (
        <AlertRow key={alert.fingerprint} alert={alert} />
      ))}
    </ul>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  const messages = useMessages().alerts;
  const formats = useFormats();
  const now = useNow();
  const resolved = alert.state === "resolved";
  const since = alert.firingSince ?? alert.activeSince;
  return (
    <li class={`alert alert-${alert.state} severity-${alert.severity}`}>
      <span class="alert-icon">
        <Icon name={resolved ? "healthy" : alert.state === "pending" ? "starting" : "alert"} size={18} />
      </span>
      <div>
        <p class="alert-summary" lang="en">
          {alert.summary}
        </p>
        <p class="alert-about">
          <span class="tag">{messages.severities[alert.severity]}</span>
          <code>{alert.rule}</code>
          <Subject alert={alert} />
          {alert.value !== undefined && (
            <span>
              {messages.value} {formats.number(alert.value)}
            </span>
          )}
        </p>
      </div>
      <time title={formats.dateTime(resolved ? (alert.resolvedAt ?? since) : since)}>
        {resolved
          ? messages.ended(formats.ago(alert.resolvedAt ?? since, now))
          : messages.since(formats.ago(since, now))}
      </time>
    </li>
  );
}

function Subject({ alert: { address, environment, labels } }: { alert: Alert }) {
  const [, type, name] = address?.split("/") ?? [];
  if (type === "service" && name)
    return (
      <a href={pathTo("/environments/:environment/services/:service", { environment, service: name })}>
        {name}
      </a>
    );
  const host = type === "host" ? name : labels.host;
  if (host)
    return <a href={pathTo("/environments/:environment/hosts/:host", { environment, host })}>{host}</a>;
  return null;
}

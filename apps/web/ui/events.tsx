import type { Event } from "@havn/model";
import { useFormats } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Icon, type IconName } from "./icon.tsx";

const icons: Record<string, IconName> = {
  alert: "alert",
  apply: "deploy",
  check: "healthy",
  drift: "drift",
  host: "host",
  instance: "service",
  enforcement: "drift",
  machine: "host",
  maintenance: "drift",
  release: "service",
  rollback: "rollback",
  rollout: "deploy",
  signin: "key",
  token: "key",
};

/** What happened, newest first, as the server wrote it (English sentences). */
export function EventList({ events, label, fresh }: { events: Event[]; label: string; fresh?: number }) {
  return (
    <ol class="events" aria-label={label}>
      {events.map((event) => (
        <EventRow key={event.id} event={event} fresh={fresh !== undefined && event.id > fresh} />
      ))}
    </ol>
  );
}

function EventRow({ event, fresh }: { event: Event; fresh: boolean }) {
  const formats = useFormats();
  const link = linkOf(event);
  const good =
    event.severity === "info" && /\.(resolved|healthy|recovered|gone|connected|finished)$/.test(event.kind);
  return (
    <li class={`event severity-${event.severity}${good ? " well" : ""}${fresh ? " fresh" : ""}`}>
      <time dateTime={new Date(event.at).toISOString()} title={formats.dateTime(event.at)}>
        {formats.time(event.at)}
      </time>
      <span class="event-icon">
        <Icon name={good ? "healthy" : event.severity === "error" ? "unhealthy" : iconOf(event.kind)} />
      </span>
      <span class="event-text" lang="en">
        {event.summary}
      </span>
      <span class="event-about">
        {link ? <a href={link.href}>{link.text}</a> : <span />}
        <code>{event.kind}</code>
        <span>{event.actor}</span>
      </span>
    </li>
  );
}

const iconOf = (kind: string): IconName => icons[kind.split(".")[0] ?? ""] ?? "info";

function linkOf({ environment, address, host }: Event): { href: string; text: string } | undefined {
  if (!environment) return undefined;
  const [, type, name] = address?.split("/") ?? [];
  if (type === "service" && name)
    return {
      href: pathTo("/environments/:environment/services/:service", { environment, service: name }),
      text: name,
    };
  const hostName = type === "host" ? name : host?.split("/").at(-1);
  if (hostName)
    return {
      href: pathTo("/environments/:environment/hosts/:host", { environment, host: hostName }),
      text: hostName,
    };
  return undefined;
}
